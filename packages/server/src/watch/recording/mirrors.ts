/** What other mirrors hold under the names of an artifact. */
import type { ArtifactHistory } from '../drift/difference.ts';
import { findTag, findVersion } from '../observations/store.ts';
import type { Tx } from '../parts.ts';
import { listSiblings } from '../sources/mirrors.ts';
import type { SourceRow } from '../sources/store.ts';
import type { ObservedArtifact } from './sighting.ts';

/** What each of the other places was last seen to hold under the same tag, else the same version, and since when the two differ. */
export async function compareMirrors(
  tx: Tx,
  { source, observed, at }: { readonly source: SourceRow; readonly observed: ObservedArtifact; readonly at: number },
): Promise<ArtifactHistory['mirrors']> {
  const siblings = await listSiblings(tx, source);
  if (siblings.length === 0) return [];
  const own = await findNamed(tx, source.id, observed);
  const mirrors = [];
  for (const { id, key } of siblings) {
    const other = await findNamed(tx, id, observed);
    if (other)
      mirrors.push({ name: key, content: other.content, differsMs: at - Math.max(other.since, own?.since ?? at) });
  }
  return mirrors;
}

async function findNamed(
  tx: Tx,
  sourceId: string,
  { names: { tag, version } }: ObservedArtifact,
): Promise<{ readonly content: string; readonly since: number } | undefined> {
  if (tag !== undefined) {
    const row = await findTag(tx, { sourceId, name: tag });
    return row && { content: row.content, since: row.seen_at };
  }
  const row = version === undefined ? undefined : await findVersion(tx, sourceId, version);
  return row && { content: row.content, since: row.first_seen_at };
}
