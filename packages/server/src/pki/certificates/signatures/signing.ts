/** One certificate to be signed, linted and described, once whoever asks for it has shown to hold its key. */
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { Refusal } from '../../../errors.ts';
import type { NodeSigner } from '../../authorities/node-signer.ts';
import { type DerivedColumns, deriveColumns } from '../../records/certificate-row.ts';
import { signBody } from '../sign.ts';
import { type CheckResult, checkInPool, checkSignature, type SignatureCheck } from './check.ts';

/** What is to be signed, and by whom. */
export interface Signing {
  /** TBSCertificate, DER. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly issuer: { readonly certificate: Certificate; readonly signer: NodeSigner };
  readonly profile: string;
  /** The request's signature, when nobody has held it against its key: without it nothing is signed. */
  readonly proof?: SignatureCheck;
}

/** The certificate as rows have it, or why there is none. */
export type SigningResult =
  | { readonly kind: 'signed'; readonly columns: DerivedColumns }
  /** The proof does not hold. */
  | { readonly kind: 'unproven'; readonly check: Exclude<CheckResult, 'signed'> }
  /** By the lint. */
  | { readonly kind: 'refused'; readonly rule: string | undefined; readonly message: string }
  | { readonly kind: 'failed'; readonly cause: unknown };

/** Checks and signs in this thread, which is the one for signatures. Results in the order of `signings`; never rejects. */
export function signTogether(signings: readonly Signing[]): Promise<readonly SigningResult[]> {
  // One after the other: what checks leaves no room in the processor for what signs.
  const checks = signings.map(({ proof }) => (proof ? checkSignature(proof) : 'signed'));
  return Promise.all(signings.map((signing, at) => signProven(signing, checks[at] ?? 'unusable')));
}

/** The same where the thread has other things to do: the check goes to the pool. */
export async function signHere(signing: Signing): Promise<SigningResult> {
  return signing.proof ? signProven(signing, await checkInPool(signing.proof)) : sign(signing);
}

async function signProven(signing: Signing, check: CheckResult): Promise<SigningResult> {
  return check === 'signed' ? sign(signing) : { kind: 'unproven', check };
}

async function sign({ body, issuer, profile }: Signing): Promise<SigningResult> {
  try {
    return { kind: 'signed', columns: deriveColumns(await signBody(body, issuer, profile)) };
  } catch (cause) {
    if (cause instanceof Refusal) return { kind: 'refused', rule: cause.rule, message: cause.message };
    return { kind: 'failed', cause };
  }
}
