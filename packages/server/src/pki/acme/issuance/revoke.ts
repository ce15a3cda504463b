/** Revocation by a client (RFC 8555, section 7.6): by the account that got the certificate, by one that holds all its names, or by its key. */
import { hash } from 'node:crypto';
import { parseBase64Url } from '@signpost/protocol/bytes/base64url';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { convertJwk } from '@signpost/protocol/jose/jwk';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { parseString } from '@signpost/protocol/json/fields';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { Refusal } from '../../../errors.ts';
import { type Revocation, revokeCertificate } from '../../certificates/revoke.ts';
import { type CertificateRow, formatSerial } from '../../records/certificate-row.ts';
import { findIssued } from '../../records/store.ts';
import { callerFor } from '../accounts/account.ts';
import { AcmeProblem } from '../problem.ts';
import { listNames } from '../renewal/replaced.ts';
import { type AccountRequest, type KeyRequest, parsePayload } from '../requests/signed-request.ts';
import type { FinalizeDependencies } from './finalize.ts';
import { hasProof } from './store.ts';

/** RFC 5280, 5.3.1, without what only an authority can say of itself, and without holds, which ACME cannot release. */
const reasons: ReadonlyMap<number, Revocation['reason']> = new Map([
  [0, 'unspecified'],
  [1, 'keyCompromise'],
  [3, 'affiliationChanged'],
  [4, 'superseded'],
  [5, 'cessationOfOperation'],
  [9, 'privilegeWithdrawn'],
]);

/** Revokes the certificate of a payload. Throws `alreadyRevoked`, `badRevocationReason`, `unauthorized` or `malformed`. */
export async function revokeByRequest(
  dependencies: FinalizeDependencies,
  request: AccountRequest | KeyRequest,
): Promise<void> {
  const payload = parsePayload(request);
  const certificate = parseCertificate(parseBase64Url(parseString(payload, 'certificate', 32 * 1024)));
  const asked = readReason(payload);
  const row = await requireRow(dependencies, request, certificate);
  await assertMayRevoke(dependencies, request, { certificate, row });
  // Who has only the names knows nothing about the key: a key said to be compromised is never certified again, by anybody.
  const isHolder = request.signer === 'key' || row.acme_account_id === request.account.id;
  const reason = isHolder ? asked : 'cessationOfOperation';
  if (row.state === 'revoked') throw refuseRevoked();
  await revokeCertificate(dependencies, callerFor(request.directory), { id: row.id, reason }).catch(
    (error: unknown) => {
      // The same request came twice at once, and the other one was first.
      if (error instanceof Refusal && error.rule === 'certificate-state') throw refuseRevoked();
      throw error;
    },
  );
}

function readReason({ reason = 0 }: SignableObject): Revocation['reason'] {
  const known = typeof reason === 'number' ? reasons.get(reason) : undefined;
  if (known) return known;
  throw new AcmeProblem('badRevocationReason', `expected one of the reasons ${[...reasons.keys()].join(', ')}`);
}

async function requireRow(
  { database }: FinalizeDependencies,
  { directory }: AccountRequest | KeyRequest,
  { bytes, serialNumber }: Certificate,
): Promise<CertificateRow> {
  const asked = { serial: formatSerial(serialNumber), fingerprint: hash('sha256', bytes) };
  const row = await findIssued(database.query, directory.organisationId, asked);
  if (row?.subject_authority_id === null) return row;
  throw new AcmeProblem('malformed', 'expected a certificate that was issued here', { status: 404 });
}

async function assertMayRevoke(
  { database, now }: FinalizeDependencies,
  request: AccountRequest | KeyRequest,
  { certificate, row }: { certificate: Certificate; row: CertificateRow },
): Promise<void> {
  if (request.signer === 'key') {
    if (encodeHex(convertJwk(request.key.jwk).spki) === encodeHex(certificate.spki)) return;
    throw new AcmeProblem('unauthorized', 'expected a request by the key of the certificate, or by an account');
  }
  if (row.acme_account_id === request.account.id) return;
  const names = listNames(certificate);
  // Proofs of names say nothing about certificates that nobody got for names alone.
  if (row.source !== 'acme' || names.length === 0) throw refuseStranger();
  const at = now();
  for (const name of names) {
    const value = name.slice(name.indexOf(':') + 1);
    const proof = {
      kind: name.startsWith('ip:') ? ('ip' as const) : ('dns' as const),
      value: value.replace(/^\*\./, ''),
      wildcard: value.startsWith('*.'),
    };
    if (await hasProof(database.query, { ...proof, accountId: request.account.id, now: at })) continue;
    throw refuseStranger();
  }
}

function refuseRevoked(): AcmeProblem {
  return new AcmeProblem('alreadyRevoked', 'the certificate is revoked already');
}

function refuseStranger(): AcmeProblem {
  return new AcmeProblem(
    'unauthorized',
    'expected the account of the certificate, or one with proofs of all its names',
  );
}
