/** How a file key is wrapped (age-encryption.org/v1): to X25519 recipients, or under a passphrase by scrypt (RFC 7914). */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { Refusal } from '../../errors.ts';
import { agree, type Identity, openIdentity, type Recipient } from './keys.ts';

/** One stanza of a header: its arguments, the type first, and its body. */
export interface Stanza {
  readonly args: readonly string[];
  readonly body: Uint8Array;
}

/** A passphrase, and what deriving its key costs: scrypt's N is 2 to the power of `workFactor`. */
export interface Passphrase {
  readonly kind: 'passphrase';
  readonly text: string;
  readonly workFactor: number;
}

/** As the age tool has it: about a second, 256 MiB. */
export const defaultWorkFactor = 18;

const blockSize = 8;
const scryptSaltLabel = 'age-encryption.org/v1/scrypt';
const x25519Label = 'age-encryption.org/v1/X25519';
const fileKeyBytes = 16;
const wrappedBytes = fileKeyBytes + 16;
// Each wrapping key encrypts one file key, so the nonce is fixed.
const nonce = Buffer.alloc(12);
const algorithm = 'chacha20-poly1305';

const waitingLimit = 4;

const derive = promisify<string, Uint8Array, number, object, Buffer>(scrypt);

/** Wraps `fileKey` to a recipient. */
export function wrapToRecipient(fileKey: Uint8Array, recipient: Recipient): Stanza {
  const ephemeral = openIdentity(randomBytes(32));
  const key = wrappingKey(agree(ephemeral, recipient.publicKey), ephemeral.publicKey, recipient.publicKey);
  return { args: ['X25519', encodeBase64(ephemeral.publicKey)], body: seal(key, fileKey) };
}

/** Wraps `fileKey` under a passphrase; such a stanza stands alone in its header. */
export async function wrapUnderPassphrase(fileKey: Uint8Array, passphrase: Passphrase): Promise<Stanza> {
  const salt = randomBytes(16);
  const key = await deriveKey(passphrase.text, salt, passphrase.workFactor);
  return { args: ['scrypt', encodeBase64(salt), String(passphrase.workFactor)], body: seal(key, fileKey) };
}

/** The file key in the stanza, or undefined when it was not wrapped for this key or passphrase. */
export async function unwrap(stanza: Stanza, opener: Identity | Passphrase): Promise<Buffer | undefined> {
  const [type, ...args] = stanza.args;
  if (stanza.body.length !== wrappedBytes) return undefined;
  if (type === 'X25519' && opener.kind === 'identity') return unwrapByIdentity(stanza, opener);
  if (type === 'scrypt' && opener.kind === 'passphrase') {
    const [salt, factor] = [decodeBase64(args[0] ?? ''), args[1] ?? ''];
    // A hostile file must not choose what we spend: at most what our own files cost.
    const isSane = /^[1-9]\d?$/.test(factor) && Number(factor) <= defaultWorkFactor;
    if (args.length !== 2 || salt?.length !== 16 || !isSane) return undefined;
    return open(await deriveKey(opener.text, salt, Number(factor)), stanza.body);
  }
  return undefined;
}

function unwrapByIdentity(stanza: Stanza, identity: Identity): Buffer | undefined {
  const share = decodeBase64(stanza.args[1] ?? '');
  if (stanza.args.length !== 2 || share?.length !== 32) return undefined;
  try {
    return open(wrappingKey(agree(identity, share), share, identity.publicKey), stanza.body);
  } catch {
    // A share of small order: no honest writer makes one.
    return undefined;
  }
}

function wrappingKey(shared: Buffer, share: Uint8Array, recipient: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', shared, Buffer.concat([share, recipient]), x25519Label, 32));
}

let waiting = 0;
let last: Promise<unknown> = Promise.resolve();

/** One derivation runs at a time, for each takes 256 MiB. Throws `unavailable` when four wait already. */
async function deriveKey(passphrase: string, salt: Uint8Array, workFactor: number): Promise<Buffer> {
  if (waiting >= waitingLimit) {
    throw new Refusal('unavailable', 'too many passphrases of backups at once', { retryAfterSeconds: 5 });
  }
  waiting++;
  const turn = last.then(() => deriveNow(passphrase, salt, workFactor));
  last = turn.catch(() => {});
  return turn.finally(() => waiting--);
}

function deriveNow(passphrase: string, salt: Uint8Array, workFactor: number): Promise<Buffer> {
  const cost = 2 ** workFactor;
  return derive(passphrase, Buffer.concat([Buffer.from(scryptSaltLabel), salt]), 32, {
    ...{ N: cost, r: blockSize, p: 1 },
    maxmem: 128 * blockSize * (cost + 8),
  });
}

function seal(key: Uint8Array, fileKey: Uint8Array): Uint8Array {
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: 16 });
  return Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Uint8Array, body: Uint8Array): Buffer | undefined {
  const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: 16 });
  decipher.setAuthTag(body.subarray(fileKeyBytes));
  const fileKey = decipher.update(body.subarray(0, fileKeyBytes));
  try {
    decipher.final();
    return fileKey;
  } catch {
    return undefined;
  }
}

/** Standard alphabet without padding, as age writes it. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '');
}

/** Undefined unless `text` is the one way to write its bytes. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return encodeBase64(bytes) === text ? bytes : undefined;
}
