/** Cases of the harder set, and what the verifier says to them. */
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError, type TrustErrorCode } from '@signpost/protocol/errors';
import type { Artifact } from '@signpost/protocol/sigstore/artifact';
import { parseBundle } from '@signpost/protocol/sigstore/bundle';
import { type IdentityPolicy, parseIdentityPolicy } from '@signpost/protocol/sigstore/identity-policy';
import { parseTrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import { type BundleRequirements, verifyBundle } from '@signpost/protocol/sigstore/verify-bundle';
import { artifact, type Minted, mint, type Recipe } from '../mint/bundle.ts';
import { releaseClaims } from '../mint/claims.ts';

/** A bundle that is wrong in one place, or right where others refuse it. */
export interface HardCase {
  readonly name: string;
  readonly wanted: 'accepted' | TrustErrorCode;
  readonly recipe?: Recipe | (() => Promise<Recipe>);
  /** Other than the usual requirements; a function when it depends on what was minted. */
  readonly require?: Partial<Requirements> | ((minted: Minted) => Promise<Partial<Requirements>>);
  /** Changes to the text of the bundle and of the trusted root. */
  readonly bundleText?: (text: string) => string;
  readonly rootText?: (text: string) => string;
}

type Requirements = Omit<BundleRequirements, 'trustedRoot'>;

/** Members of a policy for the usual signer. */
export const usualIdentity = { issuer: releaseClaims.issuer, subject: releaseClaims.buildSignerUri };

/** A policy for the usual signer, or for other identities. */
export function policy(minimums: object = {}, ...identities: readonly object[]): Requirements['signer'] {
  const parsed: IdentityPolicy = parseIdentityPolicy({
    identities: identities.length > 0 ? identities : [usualIdentity],
    ...minimums,
  });
  return { kind: 'policy', policy: parsed };
}

/** What a case became. */
export interface Judgement {
  readonly minted: Minted;
  readonly verdict: 'accepted' | TrustErrorCode;
  readonly message: string;
}

/** Mints the case and verifies it. Throws what is no TrustError. */
export async function judge(one: HardCase): Promise<Judgement> {
  const minted = await mint(typeof one.recipe === 'function' ? await one.recipe() : one.recipe);
  const more = typeof one.require === 'function' ? await one.require(minted) : one.require;
  const bundle = JSON.stringify(minted.bundle);
  const root = JSON.stringify(minted.root);
  try {
    await verify(one.bundleText?.(bundle) ?? bundle, one.rootText?.(root) ?? root, more);
    return { minted, verdict: 'accepted', message: '' };
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    return { minted, verdict: error.code, message: error.message };
  }
}

/** Verifies the texts of a bundle and a trusted root for the usual artifact and signer, unless told otherwise. */
async function verify(bundle: string, root: string, more: Partial<Requirements> = {}): Promise<void> {
  const trustedRoot = await parseTrustedRoot(encodeText(root));
  await verifyBundle(parseBundle(encodeText(bundle)), {
    artifact: bytes(artifact),
    signer: policy(),
    ...more,
    trustedRoot,
  });
}

/** An artifact by its bytes. */
export function bytes(content: Uint8Array<ArrayBuffer>): Artifact {
  return { kind: 'bytes', bytes: content };
}
