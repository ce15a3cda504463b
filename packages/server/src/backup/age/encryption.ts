/** Files in the format of age (age-encryption.org/v1), as streams: the `age` tool opens what is written here. */
import { randomBytes } from 'node:crypto';
import { Refusal } from '../../errors.ts';
import { encodeHeader, isGenuine, parseHeader } from './header.ts';
import type { Identity, Recipient } from './keys.ts';
import { decryptPayload, encryptPayload } from './payload.ts';
import { type Passphrase, unwrap, wrapToRecipient, wrapUnderPassphrase } from './stanzas.ts';

/** Who shall be able to open a file: one or more recipients, or whoever knows a passphrase. */
export type Lock = readonly Recipient[] | Passphrase;

/** What opens a file. */
export type Opener = Identity | Passphrase;

/** A file key and the header that wraps it; only the header leaves the process. */
export interface Envelope {
  readonly header: Buffer;
  readonly fileKey: Buffer;
}

const maxHeaderBytes = 64 * 1024;
const magic = Buffer.from('age-encryption.org/');

/** Draws a file key and wraps it, so that a passphrase need not be kept until the file is written. */
export async function createEnvelope(lock: Lock): Promise<Envelope> {
  const fileKey = randomBytes(16);
  const stanzas =
    'kind' in lock
      ? [await wrapUnderPassphrase(fileKey, lock)]
      : lock.map((recipient) => wrapToRecipient(fileKey, recipient));
  if (stanzas.length === 0) throw new TypeError('expected at least one recipient');
  return { fileKey, header: encodeHeader(fileKey, stanzas) };
}

/** The file: header, then the encrypted `plaintext`. */
export async function* encrypt(
  { header, fileKey }: Envelope,
  plaintext: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  yield header;
  yield* encryptPayload(fileKey, plaintext);
}

/** Whether a file that starts with `bytes` is one of age. */
export function isEncrypted(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, magic.length)).equals(magic);
}

/** Whether a file that starts with `bytes` opens by secret keys alone; a passphrase stands alone in its header. */
export function isForRecipients(bytes: Uint8Array): boolean {
  const start = Buffer.from('age-encryption.org/v1\n-> X25519 ');
  return Buffer.from(bytes.subarray(0, start.length)).equals(start);
}

/**
 * The plaintext of the file that `source` yields, each part once it is proved. Throws `upload_refused`: rule
 * `backup-key` when `opener` does not open it, `backup-corrupt` when it is damaged, changed or cut off.
 */
export async function* decrypt(opener: Opener, source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const pieces = source[Symbol.asyncIterator]();
  try {
    const { text, rest } = await readHeader(pieces);
    const fileKey = await findFileKey(text, opener);
    try {
      yield* decryptPayload(fileKey, chain(rest, pieces));
    } catch (cause) {
      if (cause instanceof Refusal) throw cause;
      throw corrupt('expected an encrypted file without damage and with its end', cause);
    }
  } finally {
    await pieces.return?.();
  }
}

async function findFileKey(text: string, opener: Opener): Promise<Buffer> {
  const header = parseHeader(text);
  if (!header) throw corrupt('expected a header of age-encryption.org/v1');
  for (const stanza of header.stanzas) {
    const fileKey = await unwrap(stanza, opener);
    if (!fileKey) continue;
    if (!isGenuine(header, fileKey)) throw corrupt('expected a header that nobody changed');
    return fileKey;
  }
  const expected = header.stanzas.some(({ args }) => args[0] === 'scrypt')
    ? 'its passphrase'
    : 'one of its secret keys';
  throw new Refusal('upload_refused', `expected ${expected} to open the backup, got another`, {
    rule: 'backup-key',
    hint: 'a backup opens with the passphrase or secret key that it was made for, and with nothing else',
  });
}

/** Everything up to the line feed after the MAC. */
async function readHeader(pieces: AsyncIterator<Uint8Array>): Promise<{ text: string; rest: Buffer }> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const mark = bytes.indexOf('\n---', 0, 'latin1');
    const end = mark === -1 ? -1 : bytes.indexOf('\n', mark + 1, 'latin1');
    if (end !== -1) return { text: bytes.toString('latin1', 0, end + 1), rest: bytes.subarray(end + 1) };
    const next = await pieces.next();
    if (next.done || bytes.length > maxHeaderBytes) throw corrupt('expected a header of age-encryption.org/v1');
    bytes = Buffer.concat([bytes, next.value]);
  }
}

async function* chain(first: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* { [Symbol.asyncIterator]: () => rest };
}

function corrupt(message: string, cause?: unknown): Refusal {
  return new Refusal('upload_refused', message, {
    rule: 'backup-corrupt',
    hint: 'the file was damaged, changed or cut off: take another copy',
    cause,
  });
}
