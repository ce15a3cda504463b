/** The library that the npm command itself verifies bundles with, as judge beside ours. */
import { createPublicKey } from 'node:crypto';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, type VerificationPolicy, Verifier } from '@sigstore/verify';
import type { SigstoreCase } from './cases.ts';

type Keys = Parameters<typeof toTrustMaterial>[1];

/** A function that throws unless the library accepts a case; the trusted root is read once. */
export function createPeer({ trustedRoot, identity, issuer, key }: SigstoreCase): (given: SigstoreCase) => void {
  const root = TrustedRoot.fromJSON(JSON.parse(Buffer.from(trustedRoot).toString('utf8')));
  const verifier = new Verifier(toTrustMaterial(root, key === undefined ? undefined : findKey(key)));
  const policy: VerificationPolicy = { subjectAlternativeName: toPattern(identity), extensions: { issuer } };
  return ({ bundle, artifact }) => {
    const parsed = bundleFromJSON(JSON.parse(Buffer.from(bundle).toString('utf8')));
    const entity = toSignedEntity(parsed, Buffer.from(artifact));
    if (key === undefined && entity.key.$case === 'public-key') throw new Error('expected a certificate');
    verifier.verify(entity, key === undefined ? policy : undefined);
  };
}

function findKey(key: string): Keys {
  return () => ({ publicKey: createPublicKey(key), validFor: () => true });
}

/** The library takes texts for patterns that may match anywhere. */
function toPattern(text: string): RegExp {
  return new RegExp(`^${text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`);
}
