/** The folders of sigstore-conformance, and how each is to be judged. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePemBlock } from '@signpost/protocol/asn1/pem';
import { importPublicKey } from '@signpost/protocol/keys/verification-key';
import { parseBundle } from '@signpost/protocol/sigstore/bundle';
import { parseIdentityPolicy } from '@signpost/protocol/sigstore/identity-policy';
import { parseTrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import { type VerifiedBundle, verifyBundle } from '@signpost/protocol/sigstore/verify-bundle';
import type { RequiredSigner } from '@signpost/protocol/sigstore/verify-signer';

/** What a folder holds, or takes from the folders around it. */
export interface SigstoreCase {
  readonly name: string;
  readonly bundle: Uint8Array<ArrayBuffer>;
  readonly trustedRoot: Uint8Array<ArrayBuffer>;
  readonly artifact: Uint8Array<ArrayBuffer>;
  readonly identity: string;
  readonly issuer: string;
  /** PEM; the signature is a managed key's. */
  readonly key: string | undefined;
}

const defaultIdentity =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';
const defaultIssuer = 'https://token.actions.githubusercontent.com';

/** All folders, in their order. */
export function readSigstoreCases(suite: string): readonly SigstoreCase[] {
  const parent = join(suite, 'bundle-verify');
  const folders = readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => readCase(suite, name)).sort((left, right) => (left.name < right.name ? -1 : 1));
}

function readCase(suite: string, name: string): SigstoreCase {
  const folder = join(suite, 'bundle-verify', name);
  const find = (file: string, otherwise: string) =>
    Uint8Array.from(readFileSync(existsSync(join(folder, file)) ? join(folder, file) : join(suite, otherwise)));
  const readText = (file: string) =>
    existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8').trim() : undefined;
  return {
    name,
    bundle: find('bundle.sigstore.json', ''),
    trustedRoot: find('trusted_root.json', 'trusted_root.public-good.json'),
    artifact: find('artifact', 'a.txt'),
    identity: readText('identity') ?? defaultIdentity,
    issuer: readText('issuer') ?? defaultIssuer,
    key: readText('key.pub'),
  };
}

/** Verifies a case with its artifact as bytes or as digest, as the suite's two runs do. */
export async function verifySigstoreCase(given: SigstoreCase, form: 'bytes' | 'digests'): Promise<VerifiedBundle> {
  const trustedRoot = await parseTrustedRoot(given.trustedRoot);
  const bundle = parseBundle(given.bundle);
  const { artifact: bytes } = given;
  const sha256 = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const artifact =
    form === 'bytes' ? ({ kind: 'bytes', bytes } as const) : { kind: 'digests' as const, digests: { sha256 } };
  return verifyBundle(bundle, { artifact, trustedRoot, signer: await createRequiredSigner(given) });
}

/** Whose signature a case expects. */
export async function createRequiredSigner({ key, identity, issuer }: SigstoreCase): Promise<RequiredSigner> {
  if (key !== undefined) {
    return { kind: 'key', key: await importPublicKey(parsePemBlock(key, 'PUBLIC KEY', 10_000)) };
  }
  return { kind: 'policy', policy: parseIdentityPolicy({ identities: [{ issuer, subject: identity }] }) };
}
