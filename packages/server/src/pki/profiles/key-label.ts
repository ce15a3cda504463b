/** Key types as data names them: `ecdsa-p256`, `rsa-3072`, `ed25519`. */
import type { KeyType } from '@signpost/protocol/keys/key-type';

/** Every key type that is made or certified here. */
export const keyLabels = [
  'ecdsa-p256',
  'ecdsa-p384',
  'ecdsa-p521',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
  'ed25519',
] as const;

/** One of them. */
export type KeyLabel = (typeof keyLabels)[number];

/** The label of a type; of RSA keys of other sizes too, which then is no `KeyLabel`. */
export function formatKeyLabel(type: KeyType): string {
  if (type.kind === 'ecdsa') return `ecdsa-${type.curve.replace('-', '').toLowerCase()}`;
  return type.kind === 'rsa' ? `rsa-${type.modulusBits}` : 'ed25519';
}

/** The type of a label. */
export function parseKeyLabel(label: KeyLabel): KeyType {
  switch (label) {
    case 'ecdsa-p256':
      return { kind: 'ecdsa', curve: 'P-256' };
    case 'ecdsa-p384':
      return { kind: 'ecdsa', curve: 'P-384' };
    case 'ecdsa-p521':
      return { kind: 'ecdsa', curve: 'P-521' };
    case 'rsa-2048':
      return { kind: 'rsa', modulusBits: 2048 };
    case 'rsa-3072':
      return { kind: 'rsa', modulusBits: 3072 };
    case 'rsa-4096':
      return { kind: 'rsa', modulusBits: 4096 };
    case 'ed25519':
      return { kind: 'ed25519' };
  }
}
