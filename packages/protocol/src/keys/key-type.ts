/** The kinds of key that certificates may carry here. */
import { TrustError } from '../errors.ts';

/** Named curves (FIPS 186-5; SEC 2). */
export type Curve = 'P-256' | 'P-384' | 'P-521';

/** What a key is, without the key. */
export type KeyType =
  | { readonly kind: 'ecdsa'; readonly curve: Curve }
  | { readonly kind: 'rsa'; readonly modulusBits: number }
  | { readonly kind: 'ed25519' };

/** A curve's identifier and the octets of one coordinate. */
export const curves: Readonly<Record<Curve, { readonly oid: string; readonly bytes: number }>> = {
  'P-256': { oid: '1.2.840.10045.3.1.7', bytes: 32 },
  'P-384': { oid: '1.3.132.0.34', bytes: 48 },
  'P-521': { oid: '1.3.132.0.35', bytes: 66 },
};

/** The curve of an identifier. Throws `algorithm_unsupported`. */
export function findCurve(oid: string): Curve {
  const curve = curvesByOid.get(oid);
  if (!curve) throw new TrustError('algorithm_unsupported', `expected P-256, P-384 or P-521, got curve ${oid}`);
  return curve;
}

const curvesByOid: ReadonlyMap<string, Curve> = new Map(
  (Object.keys(curves) as Curve[]).map((curve) => [curves[curve].oid, curve]),
);

/** A key type in words: `ECDSA P-256`, `RSA 2048`, `Ed25519`. */
export function describeKeyType(type: KeyType): string {
  if (type.kind === 'ecdsa') return `ECDSA ${type.curve}`;
  return type.kind === 'rsa' ? `RSA ${type.modulusBits}` : 'Ed25519';
}

/** The sizes of RSA keys that are read; what may sign is for the reader's policy. */
export const rsaBits = { minimum: 1024, maximum: 8192 } as const;

/** Algorithm identifiers of public keys (RFC 3279, RFC 5480, RFC 8410). */
export const keyOids = {
  rsa: '1.2.840.113549.1.1.1',
  ec: '1.2.840.10045.2.1',
  ed25519: '1.3.101.112',
} as const;
