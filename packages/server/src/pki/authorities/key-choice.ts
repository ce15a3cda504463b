/** The keys that authorities may have, by the names that the API, the command and the database know them by. */
import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeyType } from '@signpost/protocol/keys/key-type';

/** Names of key types. */
const keyTypeNames = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'rsa-2048', 'rsa-3072', 'rsa-4096', 'ed25519'] as const;

/** One of the names above. */
export type KeyTypeName = (typeof keyTypeNames)[number];

const curves = { 'P-256': 'ecdsa-p256', 'P-384': 'ecdsa-p384', 'P-521': 'ecdsa-p521' } as const;

/** The name of a key type; RSA keys of other sizes (imported ones) have theirs too: `rsa-2560`. */
export function nameKeyType(type: KeyType): string {
  if (type.kind === 'ecdsa') return curves[type.curve];
  return type.kind === 'rsa' ? `rsa-${type.modulusBits}` : 'ed25519';
}

const generate = promisify(generateKeyPair);

/** A new private key in PKCS#8, made off the event loop; the caller seals and wipes it. */
export async function generateAuthorityKey(name: KeyTypeName): Promise<Buffer<ArrayBuffer>> {
  const { privateKey } = await generatePair(name);
  return privateKey.export({ format: 'der', type: 'pkcs8' });
}

function generatePair(name: KeyTypeName): Promise<{ readonly privateKey: KeyObject }> {
  switch (name) {
    case 'ed25519':
      return generate('ed25519', {});
    case 'rsa-2048':
    case 'rsa-3072':
    case 'rsa-4096':
      return generate('rsa', { modulusLength: Number(name.slice(4)), publicExponent: 0x10001 });
    default:
      return generate('ec', { namedCurve: `P-${name.slice('ecdsa-p'.length)}` });
  }
}
