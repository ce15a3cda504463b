/** The tags of a repository as artifacts, newest version first (OCI Distribution 1.1, "Listing Tags"). */
import { createHash } from 'node:crypto';
import { type JsonObject, readMember } from '@signpost/protocol/json/foreign';
import { lineOf } from '../../sources/line.ts';
import type { NoAnswer } from '../ask.ts';
import type { ListedArtifact, Listing } from '../reader.ts';
import { isAttachmentTag } from './attachments.ts';
import { readPages } from './pages.ts';
import { findDigest } from './read-content.ts';
import type { Visit } from './visit.ts';

/** Tags that are taken, and pages that are read for them. */
const maxTags = 10_000;
const maxPages = 100;
const tagsPerPage = 1000;
/** Tags that are asked where they lead when listed: the default one and the newest. */
const maxResolved = 20;

/** What somebody gets who names no tag. */
const defaultTag = 'latest';
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Lists tags. A registry dates none: when an image was published, its signatures prove. */
export async function listTags(visit: Visit, validators: string | undefined): Promise<Listing> {
  const request = { path: 'tags/list', query: `n=${tagsPerPage}`, accept: 'application/json', maxPages };
  const read = await readPages(visit, request);
  if (read.kind === 'unknown') return read;
  if (read.kind === 'absent') return { kind: 'unknown', reason: `${visit.place.registry} knows no such repository` };
  const tags = read.pages.flatMap(readTags);
  const own = orderTags([...new Set(tags)].filter((tag) => !isAttachmentTag(tag)));
  const artifacts = await resolveTags(visit, own.slice(0, maxTags));
  if ('reason' in artifacts) return artifacts;
  const state = createHash('sha256').update(
    JSON.stringify(artifacts.map(({ names, content }) => [names.tag, content])),
  );
  const found = state.digest('hex');
  if (found === validators) return { kind: 'unchanged' };
  return { kind: 'listed', artifacts, validators: found, isCapped: read.isCapped || own.length > maxTags };
}

/** `null` is how some registries write that there is none. */
function readTags(page: JsonObject): readonly string[] {
  const tags = readMember(page, 'tags');
  if (!Array.isArray(tags)) return [];
  return tags.filter((tag): tag is string => typeof tag === 'string' && tagPattern.test(tag));
}

/** The default first, then names of channels, then versions from the highest. */
function orderTags(tags: readonly string[]): readonly string[] {
  const collator = new Intl.Collator('en', { numeric: true });
  const rank = (tag: string) => (tag === defaultTag ? 0 : /^v?[0-9]/.test(tag) ? 2 : 1);
  return tags.toSorted((left, right) => rank(left) - rank(right) || collator.compare(strip(right), strip(left)));
}

function strip(tag: string): string {
  return tag.replace(/^v(?=[0-9])/, '');
}

/** One tag that cannot be asked is observed like those that were not; when none can, the registry does not answer. */
async function resolveTags(visit: Visit, tags: readonly string[]) {
  const artifacts: ListedArtifact[] = [];
  let failure: NoAnswer | undefined;
  let hasAnswered = tags.length === 0;
  for (const [index, tag] of tags.entries()) {
    const named = index < maxResolved ? await findDigest(visit, tag) : undefined;
    if (named?.kind === 'unknown') failure ??= named;
    else if (named) hasAnswered = true;
    if (named?.kind === 'absent') continue;
    const content = named?.kind === 'named' ? named.digest?.slice('sha256:'.length) : undefined;
    artifacts.push({ content, names: { tag }, line: lineOf(tag), isDefault: tag === defaultTag });
  }
  return failure && !hasAnswered ? failure : artifacts;
}
