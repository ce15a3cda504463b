/** Reads release feeds: the files that they announce, and the signatures that lie beside those. */
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { type SignatureFact, unknownEvidence } from '../../facts/fact-set.ts';
import type { FindPublisherKeys } from '../../publisher-keys/find-keys.ts';
import type { ObservedArtifact } from '../../recording/sighting.ts';
import { lineOf } from '../../sources/line.ts';
import type { Answered, Ask, BodyDigests } from '../ask.ts';
import { type FoundSignature, maxSignatureBytes } from '../facts/found-signature.ts';
import { type EvidenceParts, observeFound } from '../facts/observe-found.ts';
import { type FoundDetached, type PreparedSignature, prepareSignature } from '../facts/prepared-signature.ts';
import { KeptAnswers, keptListings } from '../kept-answers.ts';
import type { ListedArtifact, Reader, ReadSource, Unanswered } from '../reader.ts';
import { type FeedEntry, readEntries } from './entries.ts';

/** What the reader works with. */
export interface FeedReaderParts extends EvidenceParts {
  readonly ask: Ask;
  readonly findPublisherKeys: FindPublisherKeys;
}

/** In bytes. */
const maxFeedBytes = 8 * 1024 * 1024;
const maxFileBytes = 8 * 1024 * 1024 * 1024;

/** What lies beside a file, by what is put behind its address. */
const bundleSuffixes = ['.sigstore.json', '.sigstore'] as const;
const detachedSuffixes = ['.minisig', '.asc', '.sig'] as const;

interface ReadFeed {
  readonly entries: readonly FeedEntry[];
  readonly etag: string | undefined;
}

type Missing = Unanswered | { readonly kind: 'absent' | 'unchanged' };

/** Makes the reader. */
export function createFeedReader(parts: FeedReaderParts): Reader {
  const kept = new KeptAnswers<ReadFeed>({ ...keptListings, now: parts.now });
  const read = async (source: ReadSource, ifNoneMatch: string | undefined, signal: AbortSignal) => {
    const found = await readFeed(parts, source, { ifNoneMatch, signal });
    if ('kind' in found) return found;
    kept.keep(source.key, found);
    return found;
  };
  return {
    list: async (source, signal) => {
      const found = await read(source, source.validators, signal);
      if (!('kind' in found)) return { kind: 'listed', artifacts: describe(found), validators: found.etag };
      if (found.kind === 'unknown') return found;
      return found.kind === 'unchanged' ? { kind: 'unchanged' } : { kind: 'listed', artifacts: [] };
    },
    observe: async (source, artifact, signal) => {
      const known = kept.find(source.key) ?? (await read(source, undefined, signal));
      if ('kind' in known) return known.kind === 'unknown' ? known : { kind: 'absent' };
      const entry = known.entries.find(({ version }) => version === artifact.names.version);
      return entry ? observeEntry(parts, { source, entry, artifact, signal }) : { kind: 'absent' };
    },
  };
}

function addressOf({ key }: ReadSource): string {
  return key.slice('feed:'.length);
}

async function readFeed(
  { ask }: FeedReaderParts,
  source: ReadSource,
  { ifNoneMatch, signal }: { readonly ifNoneMatch: string | undefined; readonly signal: AbortSignal },
): Promise<ReadFeed | Missing> {
  const url = addressOf(source);
  const answer = await ask({ url, maxBytes: maxFeedBytes, ifNoneMatch, signal });
  if (answer.kind === 'unknown') return answer;
  if (answer.status === 304) return { kind: 'unchanged' };
  if (answer.status !== 200) return { kind: 'absent' };
  const entries = readEntries(new TextDecoder().decode(answer.body), url);
  if (!entries) return { kind: 'unknown', reason: 'the server answered with no feed that can be read' };
  return { entries, etag: answer.headers.get('etag') ?? undefined };
}

/** What comes first in the feed is what somebody gets. */
function describe({ entries }: ReadFeed): readonly ListedArtifact[] {
  const [latest] = [...entries].sort((left, right) => (right.publishedAt ?? 0) - (left.publishedAt ?? 0));
  return entries.map((entry) => ({
    names: { version: entry.version },
    line: lineOf(entry.version.split(' ')[0]),
    publishedAt: entry.publishedAt,
    isDefault: entry === latest,
  }));
}

interface Look {
  readonly source: ReadSource;
  readonly entry: FeedEntry;
  readonly artifact: ListedArtifact;
  readonly signal: AbortSignal;
}

async function observeEntry(parts: FeedReaderParts, look: Look): ReturnType<Reader['observe']> {
  const { entry, signal, source } = look;
  const asking = { namedBy: addressOf(source), redirects: 'any-origin', signal } as const;
  // Signatures say how the file must be hashed, which is read once and kept nowhere.
  const beside = await findBeside(parts, look, asking);
  const covered = beside === 'unknown' ? [] : beside.prepared.flatMap((one) => one.covered);
  const answer = await parts.ask({ url: entry.url, maxBytes: maxFileBytes, isHashed: true, covered, ...asking });
  if (answer.kind === 'unknown') return withoutForeignPause(answer, look);
  if (answer.status !== 200 || !answer.digests) return { kind: 'absent' };
  return describeEntry(parts, look, { digests: answer.digests, beside });
}

/** A host of files that asks for silence gets it by itself; the feed, and the files of other hosts, are read on. */
function withoutForeignPause({ reason, retryAfterMs }: Unanswered, { entry, source }: Look): Unanswered {
  const isOwn = new URL(entry.url).host === new URL(addressOf(source)).host;
  return { kind: 'unknown', reason, ...(isOwn && retryAfterMs !== undefined && { retryAfterMs }) };
}

interface Beside {
  readonly bundles: readonly FoundSignature[];
  readonly prepared: readonly PreparedSignature[];
}

async function findBeside(
  { ask, findPublisherKeys, now }: FeedReaderParts,
  { entry: { url, updaterSignature }, source }: Look,
  asking: { readonly namedBy: string; readonly redirects: 'any-origin'; readonly signal: AbortSignal },
): Promise<Beside | 'unknown'> {
  const bundles: FoundSignature[] = [];
  const found: FoundDetached[] = [];
  for (const suffix of [...bundleSuffixes, ...detachedSuffixes]) {
    const answer = await ask({ url: appendToPath(url, suffix), maxBytes: maxSignatureBytes, ...asking });
    if (answer.kind === 'unknown' && !answer.isTooLong) return 'unknown';
    if (answer.kind === 'unknown' || answer.status !== 200) continue;
    const { body: bytes } = answer;
    if (isWebPage(answer)) continue;
    if (isDetached(suffix)) found.push({ kind: kindOf(suffix, bytes), format: 'detached', bytes });
    else bundles.push({ kind: 'bundle', format: 'detached', bytes });
  }
  if (updaterSignature !== undefined) {
    found.push({ kind: 'key', format: 'inline', bytes: new Uint8Array(Buffer.from(updaterSignature)) });
  }
  const keys = found.length === 0 ? [] : await findPublisherKeys(source);
  return { bundles, prepared: found.map((one) => prepareSignature(one, keys, now())) };
}

/**
 * A page for people in the place of a signature says that there is none, whatever its status: servers do so for every name. A 403 says nothing of the
 * kind, though some servers give it for what is not there, and stays unknown.
 */
function isWebPage({ headers, body }: Answered): boolean {
  const type = headers.get('content-type') ?? '';
  const begin = Buffer.from(body.subarray(0, 512)).toString('latin1').replace('\u00ef\u00bb\u00bf', '').trimStart();
  return /^text\/html\b/i.test(type) || /^<(?:!doctype html|html|head|!--)/i.test(begin);
}

function isDetached(suffix: string): boolean {
  return (detachedSuffixes as readonly string[]).includes(suffix);
}

/** `.sig` is what signify and GnuPG both call it. */
function kindOf(suffix: string, bytes: Uint8Array): FoundDetached['kind'] {
  const isCommented = Buffer.from(bytes.subarray(0, 18)).toString('latin1') === 'untrusted comment:';
  return suffix === '.minisig' || isCommented ? 'minisign' : 'gpg';
}

function appendToPath(address: string, suffix: string): string {
  const url = new URL(address);
  url.pathname += suffix;
  return url.href;
}

async function describeEntry(
  parts: FeedReaderParts,
  { source: { organisationId }, entry, artifact }: Look,
  { digests, beside }: { readonly digests: BodyDigests; readonly beside: Beside | 'unknown' },
): Promise<ObservedArtifact> {
  const content = encodeHex(digests.sha256);
  const { names, line, isDefault } = artifact;
  const basis = { content, publishedAt: entry.publishedAt, isCapped: false };
  if (beside === 'unknown') {
    return { facts: { ...basis, ...unknownEvidence }, names, line, isDefault };
  }
  const found = { organisationId, content, digests, found: beside.bundles };
  const { signatures, provenance, vouches, sbom } = await observeFound(parts, found);
  const others = await judgeAll(beside.prepared, digests.covered);
  return {
    facts: { ...basis, signatures: [...signatures, ...others], provenance, ...(vouches && { vouches }), sbom },
    names,
    line,
    isDefault,
  };
}

async function judgeAll(
  prepared: readonly PreparedSignature[],
  digests: readonly Uint8Array<ArrayBuffer>[],
): Promise<readonly SignatureFact[]> {
  const facts: SignatureFact[] = [];
  let at = 0;
  for (const { covered, judge } of prepared) {
    facts.push(await judge(digests.slice(at, at + covered.length)));
    at += covered.length;
  }
  return facts;
}
