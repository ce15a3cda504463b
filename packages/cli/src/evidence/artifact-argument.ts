/** The artifact that a command is given: a file, or a digest of one that is elsewhere. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { parseHex } from '@signpost/protocol/bytes/hex';
import type { Artifact, Digests } from '@signpost/protocol/sigstore/artifact';
import { describeSystemError } from '../files/system-error.ts';
import { Failure } from '../terminal/failure.ts';
import type { DigestedArtifact } from './judge-artifacts.ts';

/** An artifact, and what to call it. */
export interface NamedArtifact {
  readonly name: string;
  readonly artifact: Artifact;
}

/** Up to this a file is kept in memory: keys that sign no digests (Ed25519) need all of it. In bytes. */
const maxWholeBytes = 64 * 1024 * 1024;

const digestHexLengths = { sha256: 64, sha384: 96, sha512: 128 } as const;

/** Reads `sha256:<hex>` (sha384, sha512) or else the file of that name. Throws Failure: `usage` for a digest that is none. */
export async function readArtifactArgument(text: string): Promise<NamedArtifact> {
  const digests = parseDigestArgument(text);
  if (digests) return { name: text, artifact: { kind: 'digests', digests } };
  const status = await stat(text).catch((cause: unknown) => {
    throw new Failure('refused', `${text} cannot be read`, { cause, hint: 'a file, or a digest as sha256:HEX' });
  });
  if (!status.isFile()) throw new Failure('refused', `${text} is not a file`);
  if (status.size > maxWholeBytes) {
    return { name: text, artifact: { kind: 'digests', digests: await digestFile(text) } };
  }
  return { name: text, artifact: { kind: 'bytes', bytes: Uint8Array.from(await readFile(text)) } };
}

function parseDigestArgument(text: string): Digests | undefined {
  const match = /^(sha256|sha384|sha512):(.*)$/s.exec(text);
  if (!match) return undefined;
  const [, name = '', hex = ''] = match;
  const length = digestHexLengths[name as keyof typeof digestHexLengths];
  if (hex.length !== length || !/^[0-9a-f]+$/.test(hex)) {
    throw new Failure('usage', `expected ${length} digits of lower-case hexadecimal after ${name}:`);
  }
  return { [name]: parseHex(hex) };
}

/** The same by its digests alone, SHA-256 among them. Throws Failure `usage` for a digest by another function. */
export async function digestArtifactArgument(text: string): Promise<DigestedArtifact> {
  const digests = parseDigestArgument(text) ?? (await readFileDigests(text));
  const { sha256 } = digests;
  if (sha256 === undefined) throw new Failure('usage', `expected a digest as sha256:HEX, got ${text}`);
  return { name: text, digests: { ...digests, sha256 } };
}

async function readFileDigests(path: string): Promise<Digests> {
  try {
    return await digestFile(path);
  } catch (cause) {
    throw describeSystemError(cause) ?? cause;
  }
}

/** All digests that bundles and statements name, in one reading. */
async function digestFile(path: string): Promise<Required<Digests>> {
  const running = (['sha256', 'sha384', 'sha512'] as const).map((name) => [name, createHash(name)] as const);
  for await (const chunk of createReadStream(path)) for (const [, hash] of running) hash.update(chunk);
  const [sha256, sha384, sha512] = running.map(([, hash]) => Uint8Array.from(hash.digest()));
  if (!sha256 || !sha384 || !sha512) throw new TypeError('expected three digests');
  return { sha256, sha384, sha512 };
}
