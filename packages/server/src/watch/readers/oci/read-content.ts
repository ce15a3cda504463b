/** Manifests and blobs as a registry holds them. What it says of their digests is never believed. */
import { createHash } from 'node:crypto';
import type { NoAnswer } from '../ask.ts';
import { type Descriptor, isDigest, manifestTypes, maxManifestBytes } from './manifest.ts';
import { type Absent, askVisited, unknown, type Visit } from './visit.ts';

/** Bytes under their digest. */
export interface VerifiedContent {
  readonly kind: 'content';
  /** `sha256:…` of the bytes. */
  readonly digest: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What a name leads to, by the registry's word alone. */
export interface NamedDigest {
  readonly kind: 'named';
  /** Absent: the registry does not say. */
  readonly digest: string | undefined;
}

/** Where a tag leads. Costs the registry next to nothing, and nobody's share of downloads. */
export async function findDigest(visit: Visit, tag: string): Promise<NamedDigest | Absent | NoAnswer> {
  const answer = await askVisited(visit, `manifests/${tag}`, { method: 'HEAD', accept: manifestTypes, maxBytes: 0 });
  if (answer.kind === 'unknown') return answer.status === 405 ? { kind: 'named', digest: undefined } : answer;
  if (answer.status === 404 || answer.status === 410) return { kind: 'absent' };
  const digest = answer.headers.get('docker-content-digest') ?? '';
  return { kind: 'named', digest: isDigest(digest) ? digest : undefined };
}

/** The manifest under a tag or digest. What was read before is not sent again, only asked for: it may be gone. */
export async function readManifest(visit: Visit, reference: string): Promise<VerifiedContent | Absent | NoAnswer> {
  const { contents } = visit.client;
  const isNewDigest = isDigest(reference) && !contents.find(reference);
  const named = isNewDigest ? undefined : await findDigest(visit, reference);
  if (named && named.kind !== 'named') return named;
  const digest = isDigest(reference) ? reference : named?.digest;
  const known = digest === undefined ? undefined : contents.find(digest);
  if (digest !== undefined && known) return { kind: 'content', digest, bytes: known };
  const answer = await askVisited(visit, `manifests/${digest ?? reference}`, {
    accept: manifestTypes,
    maxBytes: maxManifestBytes,
  });
  if (answer.kind === 'unknown') return answer;
  if (answer.status === 404 || answer.status === 410) return { kind: 'absent' };
  return verify(visit, answer.body, digest);
}

/**
 * The blob of a descriptor. Absent: the descriptor leads nowhere, or says a size that is too small; whoever pushed it wrote so, and
 * what nobody can ever read is not what could not be asked.
 */
export async function readBlob(
  visit: Visit,
  { digest, size }: Descriptor,
): Promise<VerifiedContent | Absent | NoAnswer> {
  const known = visit.client.contents.find(digest);
  if (known) return { kind: 'content', digest, bytes: known };
  const answer = await askVisited(visit, `blobs/${digest}`, { maxBytes: size });
  if (answer.kind === 'unknown') return answer.isTooLong ? { kind: 'absent' } : answer;
  if (answer.status === 404 || answer.status === 410) return { kind: 'absent' };
  if (answer.status !== 200) return unknown(`${visit.place.registry} answered ${answer.status} for a blob`);
  return verify(visit, answer.body, digest);
}

function verify(
  { client, place }: Visit,
  bytes: Uint8Array<ArrayBuffer>,
  expected: string | undefined,
): VerifiedContent | NoAnswer {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (expected !== undefined && digest !== expected) return unknown(`${place.registry} sent bytes of another digest`);
  client.contents.keep(digest, bytes);
  return { kind: 'content', digest, bytes };
}
