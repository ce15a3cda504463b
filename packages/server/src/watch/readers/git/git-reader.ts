/** Reads the tags of git repositories, and who signed them. */
import { createHash } from 'node:crypto';
import { TrustError, type TrustErrorCode } from '@signpost/protocol/errors';
import { parseSshSignature, verifySshSignature } from '@signpost/protocol/ssh/signature';
import type { SignatureFact } from '../../facts/fact-set.ts';
import { compareTexts } from '../../facts/plain-text.ts';
import type { FindPublisherKeys } from '../../publisher-keys/find-keys.ts';
import type { PublisherKey } from '../../publisher-keys/key-file.ts';
import { isReleaseTag, lineOf } from '../../sources/line.ts';
import type { Ask } from '../ask.ts';
import { beginHash, finishHash } from '../covered-hash.ts';
import { nameContent } from '../facts/content-name.ts';
import { convertGitsign } from '../facts/gitsign.ts';
import { type ObservingContext, observeBundles } from '../facts/observe-bundles.ts';
import type { EvidenceParts } from '../facts/observe-found.ts';
import { prepareSignature } from '../facts/prepared-signature.ts';
import { KeptAnswers, keptListings } from '../kept-answers.ts';
import { originOf } from '../origin.ts';
import type { ListedArtifact, Listing, Reader, ReadSource, Unanswered } from '../reader.ts';
import { type ObjectSignature, readSignedObject } from './object.ts';
import type { GitObject } from './pack.ts';
import { fetchTag, listTags, openRemote, type Remote, type RemoteTag } from './remote.ts';

/** What the reader works with. */
export interface GitReaderParts extends EvidenceParts {
  readonly ask: Ask;
  /** Hosts as keys name them that speak HTTP without TLS. */
  readonly plainHosts: ReadonlySet<string>;
  readonly findPublisherKeys: FindPublisherKeys;
}

/** Tags that are listed of a repository; others are left out. */
const maxTags = 5000;
const maxNameLength = 256;

interface Listed {
  readonly remote: Remote;
  readonly tags: readonly RemoteTag[];
}

/** Makes the reader. Content is what a tag points to itself: its own object, which the signature is part of, or a commit. */
export function createGitReader(parts: GitReaderParts): Reader {
  const { ask, plainHosts, findPublisherKeys, readTrustedRoots, builders, now } = parts;
  const kept = new KeptAnswers<Listed>({ ...keptListings, now });
  const read = async (source: ReadSource, signal: AbortSignal): Promise<Listed | Unanswered | { kind: 'absent' }> => {
    const remote = await openRemote(ask, urlOf(source, plainHosts), signal);
    if ('kind' in remote) return remote;
    const tags = await listTags(ask, remote, signal);
    if ('kind' in tags) return tags;
    const listed = { remote, tags };
    kept.keep(source.key, listed);
    return listed;
  };
  return {
    list: async (source, signal) => {
      const found = await read(source, signal);
      if (!('kind' in found)) return describeListing(source, found);
      return found.kind === 'absent' ? { kind: 'listed', artifacts: [] } : found;
    },
    observe: async (source, artifact, signal) => {
      const known = kept.find(source.key) ?? (await read(source, signal));
      if ('kind' in known) return known;
      const trustedRoots = await readTrustedRoots(source.organisationId);
      const basis = { trustedRoots, builders, now: now() };
      return observeTag(ask, known, { artifact, keys: await findPublisherKeys(source), basis, signal });
    },
  };
}

function urlOf({ key }: ReadSource, plainHosts: ReadonlySet<string>): string {
  const [host = '', ...path] = key.slice('git:'.length).split('/');
  return [originOf(host, plainHosts), ...path].join('/');
}

function describeListing({ validators: before }: ReadSource, { remote, tags }: Listed): Listing {
  const text = tags
    .map(({ name, oid }) => `${oid} ${name}`)
    .sort(compareTexts)
    .join('\n');
  const validators = createHash('sha256').update(text).digest('hex');
  if (validators === before) return { kind: 'unchanged' };
  const artifacts = tags
    .filter(({ name }) => name.length <= maxNameLength)
    .sort((left, right) => right.name.localeCompare(left.name, 'en', { numeric: true }))
    .slice(0, maxTags)
    .map((tag) => describeTag(remote, tag));
  return { kind: 'listed', artifacts, validators };
}

function describeTag({ format }: Remote, { name, oid }: RemoteTag): ListedArtifact {
  const content = nameContent({ algorithm: format, hex: oid });
  return { content, names: { tag: name }, line: lineOf(name), isDefault: false };
}

interface Look {
  readonly artifact: ListedArtifact;
  readonly keys: readonly PublisherKey[];
  readonly basis: Omit<ObservingContext, 'content'>;
  readonly signal: AbortSignal;
}

async function observeTag(ask: Ask, { remote, tags }: Listed, look: Look): ReturnType<Reader['observe']> {
  const { names, line, isDefault } = look.artifact;
  const tag = tags.find(({ name }) => name === names.tag);
  if (!tag) return { kind: 'absent' };
  const objects = await fetchTag(ask, remote, { oid: tag.oid, signal: look.signal });
  if ('kind' in objects) return objects;
  const object = objects.get(tag.oid);
  if (!object || !leadsToCommit(objects, tag.oid)) {
    return { kind: 'unknown', reason: 'the server left out what its tag points to' };
  }
  const { signature, madeAt, name } = readSignedObject(object);
  const content = nameContent({ algorithm: remote.format, hex: tag.oid });
  const context = { ...look.basis, content };
  const facts = {
    ...{ content, isCapped: false },
    ...{
      signatures: signature ? [await judgeTag(tag, name, { ...look, context, signature })] : [],
      provenance: [],
      sbom: 'absent' as const,
    },
    // Nobody tags in the future.
    publishedAt: madeAt === undefined ? undefined : Math.min(madeAt, look.basis.now),
  };
  return { facts, names, line, isDefault };
}

/** Tags may point to tags; deeper chains are none that people make. */
const maxChain = 8;

function leadsToCommit(objects: ReadonlyMap<string, GitObject>, oid: string): boolean {
  let object = objects.get(oid);
  for (let steps = 0; object?.type === 'tag' && steps < maxChain; steps += 1) {
    object = objects.get(readSignedObject(object).target ?? '');
  }
  return object?.type === 'commit';
}

interface SignedTag extends Look {
  readonly context: ObservingContext;
  readonly signature: ObjectSignature;
}

/** What was signed as one release is not another; names that move, such as `v1`, may lead to any. */
async function judgeTag(tag: RemoteTag, name: string | undefined, signed: SignedTag): Promise<SignatureFact> {
  const fact = await judgeSignature(signed);
  if (fact.outcome !== 'verified' || name === tag.name || !isReleaseTag(tag.name)) return fact;
  const { kind, format, transparency } = fact;
  return { kind, format, transparency, outcome: 'invalid', reason: 'subject_mismatch' };
}

/** Who signed stands in an SSH signature itself, and of OpenPGP among the keys that people named. */
async function judgeSignature({ signature, keys, context }: SignedTag): Promise<SignatureFact> {
  const { kind, armor, signed } = signature;
  switch (kind) {
    case 'ssh':
      return judgeSsh(signature);
    case 'gpg': {
      const bytes = new Uint8Array(Buffer.from(armor, 'latin1'));
      const { covered, judge } = prepareSignature({ kind, format: 'inline', bytes }, keys, context.now);
      return judge(covered.map((one) => finishHash(beginHash(one).update(signed), one)));
    }
    case 'x509':
      return judgeGitsign(signature, context);
  }
}

/** What is wrong of a message itself; everything else only says that it is none of gitsign's. */
const wrongMessages: ReadonlySet<TrustErrorCode> = new Set<TrustErrorCode>(['digest_mismatch', 'bad_signature']);

async function judgeGitsign({ armor, signed }: ObjectSignature, context: ObservingContext): Promise<SignatureFact> {
  const fact = { kind: 'x509', format: 'inline', transparency: 'none' } as const;
  try {
    const [judged] = (await observeBundles([await convertGitsign(armor, signed)], context)).signatures;
    if (judged?.outcome === 'verified') return judged;
    return { ...fact, outcome: judged?.outcome ?? 'unverifiable', reason: judged?.reason };
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    return { ...fact, outcome: wrongMessages.has(error.code) ? 'invalid' : 'unverifiable', reason: error.code };
  }
}

async function judgeSsh({ armor, signed }: ObjectSignature): Promise<SignatureFact> {
  const fact = { kind: 'ssh', format: 'inline', transparency: 'none' } as const;
  try {
    const signature = parseSshSignature(armor);
    await verifySshSignature(signature, signed, 'git');
    return { ...fact, outcome: 'verified', key: createHash('sha256').update(signature.key.spki).digest('hex') };
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    const outcome = error.code === 'algorithm_unsupported' ? 'unverifiable' : 'invalid';
    return { ...fact, outcome, reason: error.code };
  }
}
