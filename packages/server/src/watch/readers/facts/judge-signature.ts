/** What became of one signature under the trusted roots of an organisation. */
import { parseHex } from '@signpost/protocol/bytes/hex';
import { TrustError, type TrustErrorCode } from '@signpost/protocol/errors';
import type { Artifact, Digests } from '@signpost/protocol/sigstore/artifact';
import { type Bundle, parseBundle } from '@signpost/protocol/sigstore/bundle';
import { type ObservedBundle, observeBundle } from '@signpost/protocol/sigstore/observe-bundle';
import type { TrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import { convertAttestation, convertSignature } from './cosign-annotations.ts';
import { type FoundSignature, maxSignatureBytes } from './found-signature.ts';

/** What signatures are held against. */
export interface JudgingContext {
  /** The name of the artifact's content: hex SHA-256. */
  readonly content: string;
  /** What statements must name, where that is not the SHA-256 of the content. */
  readonly digests?: Digests | undefined;
  readonly trustedRoots: readonly TrustedRoot[];
  /** Unix ms. */
  readonly now: number;
}

/** What became of it; `bundle` where it could be read. */
export type JudgedSignature =
  | { readonly outcome: 'verified'; readonly bundle: Bundle; readonly observed: ObservedBundle }
  | {
      readonly outcome: 'invalid' | 'unverifiable';
      readonly reason: TrustErrorCode;
      readonly bundle: Bundle | undefined;
    };

/** What only says that the roots, or the formats, that there are here do not reach: another server may judge it. */
const shortcomings: ReadonlySet<TrustErrorCode> = new Set<TrustErrorCode>([
  'certificate_untrusted',
  'log_untrusted',
  'key_unknown',
  'signed_time_missing',
  'algorithm_unsupported',
  'format_unsupported',
]);

/** Judges a signature under each root until one verifies it. Throws nothing for what it holds. */
export async function judgeSignature(found: FoundSignature, context: JudgingContext): Promise<JudgedSignature> {
  const bundle = refuseOr(() => parseFound(found, context.content));
  if (typeof bundle === 'string') return { ...describeRefusals([bundle]), bundle: undefined };
  const artifact = chooseArtifact(found, context);
  const reasons: TrustErrorCode[] = [];
  for (const trustedRoot of context.trustedRoots) {
    const observed = await tryRoot(bundle, { artifact, trustedRoot, now: context.now });
    if (typeof observed !== 'string') return { outcome: 'verified', bundle, observed };
    reasons.push(observed);
  }
  // Without a root nothing can be judged.
  return { ...describeRefusals(reasons.length > 0 ? reasons : ['certificate_untrusted']), bundle };
}

function parseFound(found: FoundSignature, content: string): Bundle {
  switch (found.kind) {
    case 'bundle':
      return parseBundle(found.bytes, { maxBytes: maxSignatureBytes });
    case 'cosign-signature':
      return convertSignature(found.payload, found.annotations, content);
    case 'cosign-attestation':
      return convertAttestation(found.envelope, found.annotations);
    case 'foreign':
      throw new TrustError('format_unsupported', 'expected a signature of a kind that is read');
  }
}

/** The older signatures are over a text about the image, those of gitsign over attributes of a message. */
function chooseArtifact(found: FoundSignature, { content, digests }: JudgingContext): Artifact {
  if (found.kind === 'cosign-signature') return { kind: 'bytes', bytes: found.payload };
  if (found.kind === 'bundle' && found.signed) return { kind: 'bytes', bytes: found.signed };
  return { kind: 'digests', digests: digests ?? { sha256: parseHex(content) } };
}

async function tryRoot(
  bundle: Bundle,
  requirements: Parameters<typeof observeBundle>[1],
): Promise<ObservedBundle | TrustErrorCode> {
  try {
    return await observeBundle(bundle, requirements);
  } catch (error) {
    return codeOf(error);
  }
}

/** A root that reaches it and refuses it counts before those that do not reach it. */
function describeRefusals(reasons: readonly TrustErrorCode[]) {
  const wrong = reasons.find((reason) => !shortcomings.has(reason));
  return {
    outcome: wrong === undefined ? 'unverifiable' : 'invalid',
    reason: wrong ?? reasons[0] ?? 'certificate_untrusted',
  } as const;
}

function refuseOr<T>(read: () => T): T | TrustErrorCode {
  try {
    return read();
  } catch (error) {
    return codeOf(error);
  }
}

/** Anything else is a fault of ours and goes up. */
function codeOf(error: unknown): TrustErrorCode {
  if (error instanceof TrustError) return error.code;
  throw error;
}
