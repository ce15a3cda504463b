/** Observes artifacts one after the other and records what was seen in batches, so that a crash loses a batch at most. */
import type { BaseLogger } from 'pino';
import { Refusal } from '../../errors.ts';
import type { WatchParts } from '../parts.ts';
import type { ListedArtifact, Reader, ReadSource, Unanswered } from '../readers/reader.ts';
import { maxArtifacts, record } from '../recording/record.ts';
import { assertObserved, type ObservedArtifact } from '../recording/sighting.ts';
import type { SourceRow } from '../sources/store.ts';
import { askReader } from './ask-reader.ts';

/** What is observed with what. */
export interface Round {
  readonly parts: WatchParts & { readonly log: Pick<BaseLogger, 'error' | 'warn'> };
  readonly reader: Reader;
  readonly source: SourceRow;
  readonly readSource: ReadSource;
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface Progress {
  /** Names that were recorded, with what they lead to. */
  readonly recorded: readonly { readonly artifact: ListedArtifact; readonly content: string }[];
  /** How many were asked for. */
  readonly tried: number;
  /** Of these could not be read. */
  readonly unread: number;
  /** By name, why it or its signatures could not be read; undefined: they could. */
  readonly names: ReadonlyMap<string, string | undefined>;
  /** Why it ended before its time: the source does not answer any more. */
  readonly stopped: Unanswered | undefined;
}

/** At once in one source. */
const width = 4;
const observeLimitMs = 60_000;
/** So many in a row that cannot be read, and the rest is left for the next look. */
const patience = 12;

/** Observes `work` until `limit` of it is recorded, or the source stops answering. */
export async function observeAll(round: Round, work: readonly ListedArtifact[], limit: number): Promise<Progress> {
  const recorded: { artifact: ListedArtifact; content: string }[] = [];
  const batch: { artifact: ListedArtifact; observed: ObservedArtifact }[] = [];
  const names = new Map<string, string | undefined>();
  let [tried, unread, failed] = [0, 0, 0];
  let stopped: Unanswered | undefined;
  const flush = async () => {
    const full = batch.splice(0);
    await recordBatch(round, full);
    recorded.push(...full.map(({ artifact, observed }) => ({ artifact, content: observed.facts.content })));
  };
  while (tried < work.length && recorded.length + batch.length < limit && !stopped) {
    const chunk = work.slice(tried, tried + width);
    tried += chunk.length;
    for (const [index, seen] of (await Promise.all(chunk.map((artifact) => observeOne(round, artifact)))).entries()) {
      names.set(nameArtifact(chunk[index]), explainUnread(seen));
      failed = seen.kind === 'unknown' ? failed + 1 : 0;
      if (seen.kind === 'unknown') unread += 1;
      if (seen.kind === 'unknown' && (seen.retryAfterMs !== undefined || failed >= patience)) stopped = seen;
      if (seen.kind === 'seen') batch.push(seen);
    }
    if (batch.length > maxArtifacts - width) await flush();
  }
  await flush();
  // All that were tried failed: it is the source that does not answer.
  return { recorded, tried, unread, names, stopped: stopped ?? (tried > 0 && unread === tried ? noneRead : undefined) };
}

/** Why it ended where nothing that was tried could be read. */
export const noneRead: Unanswered = { kind: 'unknown', reason: 'none of its artifacts could be read' };

const maxNameLength = 256;

/** What people call it; of a strange name, what of it can be stored. */
export function nameArtifact(artifact: Pick<ListedArtifact, 'names' | 'content'> | undefined): string {
  const name = artifact?.names.tag ?? artifact?.names.version ?? `sha256:${artifact?.content ?? ''}`;
  return name.toWellFormed().replaceAll('\0', '\uFFFD').slice(0, maxNameLength);
}

function explainUnread(seen: Seen): string | undefined {
  if (seen.kind === 'unknown') return seen.reason;
  return seen.kind === 'seen' && seen.observed.facts.signatures === 'unknown'
    ? 'its signatures could not be read'
    : undefined;
}

type Seen =
  | { readonly kind: 'seen'; readonly artifact: ListedArtifact; readonly observed: ObservedArtifact }
  | { readonly kind: 'absent' }
  | Unanswered;

async function observeOne(round: Round, artifact: ListedArtifact): Promise<Seen> {
  const { parts, reader, readSource, signal } = round;
  const call = { signal, limitMs: observeLimitMs, log: parts.log };
  const found = await askReader((limited) => reader.observe(readSource, artifact, limited), call);
  if ('kind' in found) return found;
  try {
    assertObserved(found);
    return { kind: 'seen', artifact, observed: found };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // One strange name must not keep the others out.
    parts.log.warn({ rule: error.rule, source: round.source.key }, 'what was seen of an artifact cannot be recorded');
    return { kind: 'unknown', reason: `what was seen cannot be recorded: ${error.message}` };
  }
}

async function recordBatch(
  { parts, source }: Round,
  batch: readonly { readonly observed: ObservedArtifact }[],
): Promise<void> {
  if (batch.length === 0) return;
  const artifacts = batch.map(({ observed }) => observed);
  await record(parts, { organisationId: source.organisation_id, sourceId: source.id, artifacts });
}
