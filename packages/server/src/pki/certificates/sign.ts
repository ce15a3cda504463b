/** Signing a certificate, and a second look at it: what the lint refuses does not leave. */
import { encoded } from '@signpost/protocol/asn1/writer';
import type { CertificateSigner } from '@signpost/protocol/keys/private-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { lintCertificate } from '@signpost/protocol/x509/lint/lint-certificate';
import type { CertificateKind } from '@signpost/protocol/x509/lint/rule';
import { type CertificateToWrite, encodeBody, signStructure } from '@signpost/protocol/x509/write-certificate';
import { Refusal } from '../../errors.ts';

const kinds: Readonly<Record<string, CertificateKind>> = {
  server: 'server',
  'server-short-lived': 'server',
  client: 'client',
  email: 'email',
  'code-signing': 'code-signing',
  timestamping: 'timestamping',
  'ocsp-responder': 'ocsp-responder',
};

/** Whoever signs, with the hash that was chosen. */
interface LintedIssuer {
  readonly certificate: Certificate;
  readonly signer: CertificateSigner;
}

/** The signed certificate. Throws `invalid` with the rule of the lint that it breaks, weak keys among them. */
export function signLinted(contents: CertificateToWrite, issuer: LintedIssuer, profile: string): Promise<Certificate> {
  return signBody(encodeBody(contents, issuer.signer.algorithm), issuer, profile);
}

/** The same for what is encoded already (TBSCertificate, DER), with the algorithm of the issuer's signer. */
export async function signBody(
  body: Uint8Array<ArrayBuffer>,
  issuer: LintedIssuer,
  profile: string,
): Promise<Certificate> {
  const certificate = parseCertificate(await signStructure(encoded(body), issuer.signer));
  assertClean(certificate, issuer, profile);
  return certificate;
}

function assertClean(
  certificate: Certificate,
  { certificate: issuer, signer: { algorithm } }: LintedIssuer,
  profile: string,
): void {
  const kind = kinds[profile];
  const chosen = algorithm.kind === 'ed25519' ? {} : { hash: algorithm.hash };
  const findings = lintCertificate(certificate, { issuer, ...(kind && { kind }), ...chosen });
  const wrong = findings.find(({ severity }) => severity === 'error');
  if (!wrong) return;
  throw new Refusal('invalid', `the certificate would break a rule: ${wrong.message} (${wrong.clause})`, {
    rule: wrong.rule,
  });
}
