/** Keys and signatures of OpenPGP as tests want them, by Ed25519 in its newer form (RFC 9580, 5.5.5.9), also wrong ones. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';

/** A key pair. */
export interface WrittenKey {
  readonly body: Buffer;
  readonly fingerprint: string;
  readonly sign: (digest: Buffer) => Buffer;
}

/** When keys are made, in Unix seconds. */
export const madeAt = 1_700_000_000;

/** Makes one. */
export function createKey(): WrittenKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const body = Buffer.concat([Buffer.of(4), number(madeAt, 4), Buffer.of(27), raw]);
  const fingerprint = createHash('sha1').update(keyForHash(body)).digest('hex').toUpperCase();
  return { body, fingerprint, sign: (digest) => sign(null, digest, privateKey) };
}

/** What a signature says. */
export interface SignatureSaid {
  readonly type: number;
  readonly signed: Buffer;
  readonly version?: number;
  readonly hash?: readonly [code: number, name: string];
  readonly createdAt?: number | undefined;
  readonly hashed?: readonly Buffer[];
  readonly unhashed?: readonly Buffer[];
  readonly issuer?: string;
}

/** The packet's body. */
export function writeSignature(key: WrittenKey, said: SignatureSaid): Buffer {
  const { type, signed, version = 4, hash = [8, 'sha256'], hashed = [], unhashed = [] } = said;
  const { createdAt = madeAt + 60, issuer = key.fingerprint } = said;
  const own = [subpacket(2, number(createdAt, 4)), subpacket(33, Buffer.from(`04${issuer}`, 'hex')), ...hashed];
  const area = Buffer.concat(own);
  const head = Buffer.concat([Buffer.of(version, type, 27, hash[0]), number(area.length, 2), area]);
  const trailer = Buffer.concat([head, Buffer.of(4, 0xff), number(head.length, 4)]);
  const digest = createHash(hash[1]).update(signed).update(trailer).digest();
  const rest = Buffer.concat(unhashed);
  return Buffer.concat([head, number(rest.length, 2), rest, digest.subarray(0, 2), key.sign(digest)]);
}

/** A subpacket. */
export function subpacket(type: number, body: Buffer): Buffer {
  return body.length < 191
    ? Buffer.concat([Buffer.of(body.length + 1, type), body])
    : Buffer.concat([Buffer.of(255), number(body.length + 1, 4), Buffer.of(type), body]);
}

/** A packet. */
export function packet(type: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0xc0 | type, 255), number(body.length, 4), body]);
}

/** A number of so many octets. */
export function number(value: number, octets: 2 | 4): Buffer {
  const bytes = Buffer.alloc(octets);
  bytes.writeUIntBE(value, 0, octets);
  return bytes;
}

/** A key as it stands in what is hashed. */
export function keyForHash(body: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0x99), number(body.length, 2), body]);
}

/** A user ID as it stands in what is hashed. */
export function userForHash(primary: WrittenKey, name: string): Buffer {
  const text = Buffer.from(name);
  return Buffer.concat([keyForHash(primary.body), Buffer.of(0xb4), number(text.length, 4), text]);
}
