/** The OCSP answers of the corpus: one about each user, by its issuer or by a responder that the issuer appointed. */

import { createCertificateId } from '@signpost/protocol/x509/ocsp/certificate-id';
import { type BasicResponse, type CertificateStatus, parseOcspResponse } from '@signpost/protocol/x509/ocsp/response';
import { signOcspResponse } from '@signpost/protocol/x509/ocsp/write-response';
import { purposes } from '@signpost/protocol/x509/oids';
import { createNodeSigner } from '../../../packages/server/src/pki/authorities/node-signer.ts';
import { describeEntry } from './lists.ts';
import { dayMs, now, type Party } from './party.ts';

/** An answer, whom it is about, and what it says. */
export interface Answer {
  readonly about: Party;
  readonly issuer: Party;
  readonly status: CertificateStatus;
  readonly responder: Party;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly response: BasicResponse;
}

/** Answers about all of `users`: revoked, good, and here and there unknown. */
export async function createAnswers(users: readonly Party[], revoked: readonly Party[]): Promise<readonly Answer[]> {
  const answers = users.map((about, index) => {
    const at = revoked.indexOf(about);
    if (at < 0) return createAnswer(about, users, { kind: index % 10 === 9 ? 'unknown' : 'good' });
    const { reason, revokedAt } = describeEntry(about, at);
    return createAnswer(about, users, { kind: 'revoked', revokedAt, reason });
  });
  return Promise.all(answers);
}

async function createAnswer(about: Party, users: readonly Party[], status: CertificateStatus): Promise<Answer> {
  const { issuer } = about;
  if (!issuer) throw new Error('expected a user');
  const appointed = users.find((one) => one.issuer === issuer && one !== about && isResponder(one));
  const responder = appointed ?? issuer;
  const id = await createCertificateId(about.certificate, issuer.certificate);
  const times = { thisUpdate: now - 60_000, nextUpdate: now + dayMs };
  const bytes = await signOcspResponse(
    {
      responder: responder.certificate.subject,
      producedAt: now,
      responses: [{ id, status, ...times }],
      certificates: appointed ? [appointed.certificate] : [],
    },
    createNodeSigner(responder.pkcs8, responder.algorithm),
  );
  const response = parseOcspResponse(bytes);
  if (response.kind !== 'basic') throw new Error('expected an answer');
  return { about, issuer, status, responder, bytes, response };
}

function isResponder({ certificate }: Party): boolean {
  return certificate.extensions.extendedKeyUsage?.value.includes(purposes.ocspSigning) === true;
}
