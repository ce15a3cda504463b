/** Public keys of SSH (RFC 4253, 6.6; RFC 5656, 3.1; RFC 8709, 4; OpenSSH's PROTOCOL.u2f) as SubjectPublicKeyInfo. */
import { TrustError } from '../errors.ts';
import type { Curve } from '../keys/key-type.ts';
import { encodeEcKey, encodeEd25519Key, encodeRsaKey } from '../keys/subject-key.ts';
import { SshReader } from './reader.ts';

/** A key, and what is between it and a signature. */
export interface SshPublicKey {
  /** `ssh-ed25519` and the like. */
  readonly type: string;
  readonly spki: Uint8Array<ArrayBuffer>;
  readonly kind: 'ed25519' | 'rsa' | 'ecdsa';
  /** Of a key on a security device: the application that it was made for. */
  readonly application: Uint8Array<ArrayBuffer> | undefined;
  /** Of an ECDSA key. */
  readonly curve: Curve | undefined;
}

const ecdsa: Readonly<Record<string, readonly [name: string, curve: Curve]>> = {
  'ecdsa-sha2-nistp256': ['nistp256', 'P-256'],
  'ecdsa-sha2-nistp384': ['nistp384', 'P-384'],
  'ecdsa-sha2-nistp521': ['nistp521', 'P-521'],
  'sk-ecdsa-sha2-nistp256@openssh.com': ['nistp256', 'P-256'],
};

/** Parses a public key blob. Throws `malformed`, and `algorithm_unsupported` for DSA, certificates and what is unknown. */
export function parseSshPublicKey(blob: Uint8Array<ArrayBuffer>): SshPublicKey {
  const reader = new SshReader(blob);
  const type = reader.readName();
  const key = { type, ...readKey(reader, type) };
  const application = type.startsWith('sk-') ? reader.readString() : undefined;
  reader.assertEnd();
  return { ...key, application };
}

function readKey(reader: SshReader, type: string): Pick<SshPublicKey, 'spki' | 'kind' | 'curve'> {
  if (type === 'ssh-ed25519' || type === 'sk-ssh-ed25519@openssh.com') {
    const raw = reader.readString();
    if (raw.length !== 32) throw new TrustError('malformed', `expected an Ed25519 key of 32 bytes, got ${raw.length}`);
    return { kind: 'ed25519', spki: encodeEd25519Key(raw), curve: undefined };
  }
  if (type === 'ssh-rsa') {
    const exponent = reader.readPositive();
    return { kind: 'rsa', spki: encodeRsaKey(reader.readPositive(), exponent), curve: undefined };
  }
  const named = Object.hasOwn(ecdsa, type) ? ecdsa[type] : undefined;
  if (!named) throw new TrustError('algorithm_unsupported', 'expected an Ed25519, ECDSA or RSA key of SSH');
  const [name, curve] = named;
  if (reader.readName() !== name) throw new TrustError('malformed', `expected a key on ${name}`);
  return { kind: 'ecdsa', spki: encodeEcKey(curve, reader.readString()), curve };
}
