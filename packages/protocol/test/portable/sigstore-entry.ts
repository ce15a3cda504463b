/** What the bare context and the browser run of bundles: good and damaged ones are verified, with the artifact in each of its forms. */

import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { importPublicKey } from '@signpost/protocol/keys/verification-key';
import type { Artifact } from '@signpost/protocol/sigstore/artifact';
import { parseBundle } from '@signpost/protocol/sigstore/bundle';
import { parseIdentityPolicy } from '@signpost/protocol/sigstore/identity-policy';
import { parseTrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import { verifyBundle } from '@signpost/protocol/sigstore/verify-bundle';
import type { RequiredSigner } from '@signpost/protocol/sigstore/verify-signer';

/** Texts, and octets in base64. */
export interface SigstoreFiles {
  readonly trustedRoot: string;
  readonly artifact: string;
  /** Of SHA-256, SHA-384 and SHA-512. */
  readonly digests: readonly [string, string, string];
  readonly identities: readonly { readonly issuer: string; readonly subject: string }[];
  readonly bundles: readonly { readonly text: string; readonly key: string | undefined }[];
  readonly now: number;
}

/** For each bundle, with the artifact as bytes, stream and digests: `accepted`, or the code and words of the refusal. */
export async function runSigstore(files: SigstoreFiles): Promise<readonly string[]> {
  const trustedRoot = await parseTrustedRoot(encodeText(files.trustedRoot));
  const verdicts: string[] = [];
  for (const { text, key } of files.bundles) {
    const signer = await createRequirement(files, key);
    for (const artifact of listForms(files)) {
      verdicts.push(await judge(text, { artifact, trustedRoot, signer, now: files.now }));
    }
  }
  return verdicts;
}

async function createRequirement({ identities }: SigstoreFiles, key: string | undefined): Promise<RequiredSigner> {
  if (key === undefined) return { kind: 'policy', policy: parseIdentityPolicy({ identities }) };
  return { kind: 'key', key: await importPublicKey(parseBase64(key)) };
}

function listForms({ artifact, digests }: SigstoreFiles): readonly Artifact[] {
  const bytes = parseBase64(artifact);
  const [sha256, sha384, sha512] = digests.map(parseBase64);
  async function* stream() {
    yield bytes.subarray(0, 2);
    yield bytes.subarray(2);
  }
  return [
    { kind: 'bytes', bytes },
    { kind: 'stream', stream: stream() },
    { kind: 'digests', digests: { ...(sha256 && { sha256 }), ...(sha384 && { sha384 }), ...(sha512 && { sha512 }) } },
  ];
}

async function judge(text: string, requirements: Parameters<typeof verifyBundle>[1]): Promise<string> {
  try {
    const { signer, times, content } = await verifyBundle(parseBundle(encodeText(text)), requirements);
    return `accepted ${signer.kind} ${times.length} ${content.kind}`;
  } catch (error) {
    if (error instanceof TrustError) return `${error.code} ${error.message}`;
    throw error;
  }
}
