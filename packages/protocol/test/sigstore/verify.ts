/** Verifies minted bundles under the trusted root of the tests. */
import { encodeText } from '@signpost/protocol/bytes/text';
import { parseBundle } from '@signpost/protocol/sigstore/bundle';
import { parseIdentityPolicy } from '@signpost/protocol/sigstore/identity-policy';
import { parseTrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import { type BundleRequirements, type VerifiedBundle, verifyBundle } from '@signpost/protocol/sigstore/verify-bundle';
import * as instance from './instance.ts';
import { artifact, type BundleJson } from './minted.ts';

const identities = [{ issuer: instance.issuer, subject: instance.subject }];

/** The policy that the signer of the tests meets, with other members where they are given. */
export const policy = (changes: object = {}) => parseIdentityPolicy({ identities, ...changes });

/** The trusted root of the tests. */
export const trustedRoot = await createTrustedRoot();

export function createTrustedRoot(changes: Readonly<Record<string, unknown>> = {}) {
  return parseTrustedRoot(encodeText(JSON.stringify(instance.describeTrustedRoot(changes))));
}

/** Parses and verifies. */
export async function verify(bundle: BundleJson, changes: Partial<BundleRequirements> = {}): Promise<VerifiedBundle> {
  return verifyBundle(parseBundle(encodeText(JSON.stringify(bundle))), {
    artifact: { kind: 'bytes', bytes: artifact },
    trustedRoot,
    signer: { kind: 'policy', policy: policy() },
    now: instance.signedAt,
    ...changes,
  });
}
