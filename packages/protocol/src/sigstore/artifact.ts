/** The artifact that a signature or statement is held against: its bytes, a stream of them, or digests that somebody computed. */
import { encodeHex, parseHex } from '../bytes/hex.ts';
import { createSha256, type StreamingHash } from '../bytes/sha256.ts';
import { createSha384, createSha512 } from '../bytes/sha512.ts';
import { digestBytes } from '../keys/digest.ts';
import { type HashName, hashes } from '../keys/signature-algorithm.ts';

/** An artifact, as the caller has it. A stream is read to its end. */
export type Artifact =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'stream'; readonly stream: AsyncIterable<Uint8Array> }
  | { readonly kind: 'digests'; readonly digests: Digests };

/** Raw digests; at least one. */
export interface Digests {
  readonly sha256?: Uint8Array;
  readonly sha384?: Uint8Array;
  readonly sha512?: Uint8Array;
}

/** The digests that are known of an artifact. */
export type ArtifactDigests = ReadonlyMap<HashName, Uint8Array<ArrayBuffer>>;

/** The hash functions by their names in statements and digests. */
export const digestNames: Readonly<Record<keyof Digests, HashName>> = {
  sha256: 'SHA-256',
  sha384: 'SHA-384',
  sha512: 'SHA-512',
};

const streamingHashes: Readonly<Record<HashName, () => StreamingHash>> = {
  'SHA-256': createSha256,
  'SHA-384': createSha384,
  'SHA-512': createSha512,
};

/**
 * The digests of an artifact by the hash functions `wanted`, or those that the caller knows. Throws a TypeError for digests of
 * another length than their function's, and what the stream throws.
 */
export async function digestArtifact(artifact: Artifact, wanted: Iterable<HashName>): Promise<ArtifactDigests> {
  switch (artifact.kind) {
    case 'bytes':
      return digestWhole(artifact.bytes, wanted);
    case 'stream':
      return digestStream(artifact.stream, wanted);
    case 'digests':
      return readDigests(artifact.digests);
  }
}

async function digestWhole(bytes: Uint8Array<ArrayBuffer>, wanted: Iterable<HashName>): Promise<ArtifactDigests> {
  const digests = new Map<HashName, Uint8Array<ArrayBuffer>>();
  for (const hash of wanted) digests.set(hash, await digestBytes(hash, bytes));
  return digests;
}

async function digestStream(stream: AsyncIterable<Uint8Array>, wanted: Iterable<HashName>): Promise<ArtifactDigests> {
  const running = [...wanted].map((hash) => [hash, streamingHashes[hash]()] as const);
  for await (const chunk of stream) for (const [, hash] of running) hash.update(chunk);
  return new Map(running.map(([name, hash]) => [name, parseHex(hash.digestHex())]));
}

function readDigests(given: Digests): ArtifactDigests {
  const digests = new Map<HashName, Uint8Array<ArrayBuffer>>();
  for (const [name, hash] of Object.entries(digestNames)) {
    const digest = given[name as keyof Digests];
    if (digest === undefined) continue;
    if (digest.length !== hashes[hash].bytes) {
      throw new TypeError(`expected ${hashes[hash].bytes} bytes of ${name}, got ${digest.length}`);
    }
    digests.set(hash, Uint8Array.from(digest));
  }
  if (digests.size === 0) throw new TypeError('expected at least one digest');
  return digests;
}

/** The same digests as statements write them: by short name, in hexadecimal. */
export function formatDigests(digests: ArtifactDigests): ReadonlyMap<string, string> {
  const formatted = new Map<string, string>();
  for (const [name, hash] of Object.entries(digestNames)) {
    const digest = digests.get(hash);
    if (digest) formatted.set(name, encodeHex(digest));
  }
  return formatted;
}
