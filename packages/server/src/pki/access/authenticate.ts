/** From a client certificate to a principal. */
import { hash } from 'node:crypto';
import { TrustError } from '@signpost/protocol/errors';
import { parseCertificate } from '@signpost/protocol/x509/certificate';
import type { BaseLogger } from 'pino';
import { listVerbsInForce, verbsOfRole } from '../../accounts/api-keys.ts';
import { Refusal } from '../../errors.ts';
import type { Principal, RequestOrganisation, Verb } from '../../http/context.ts';
import type { Authentication } from '../../http/guard.ts';
import type { Query } from '../../storage/database.ts';
import { type CertificateRow, formatSerial } from '../records/certificate-row.ts';
import { findIssued } from '../records/store.ts';
import type { AccessParts } from './client-access.ts';
import { findMatching } from './match.ts';
import { type HeldAccessRow, isByAdmin, listHeldAccess, touchAccess } from './store.ts';
import type { VerifiedCertificates } from './verified-certificates.ts';

/** What authentication by certificate needs. */
export interface CertificateAuthenticationParts extends AccessParts {
  readonly verified: VerifiedCertificates;
  readonly log: Pick<BaseLogger, 'warn'>;
}

/** Milliseconds between two notes of a rule's use. */
const useNotedEveryMs = 60_000;

const managerVerbs: readonly Verb[] = verbsOfRole.manager;

/**
 * Who shows a certificate. One that does not count makes an anonymous principal, with the refusal (`unauthenticated`) for routes
 * that need one; which of all reasons it was, only the log of the caller's own organisation could tell, so none is told.
 */
export async function authenticateCertificate(
  parts: CertificateAuthenticationParts,
  organisation: RequestOrganisation,
  presented: () => Uint8Array | undefined,
): Promise<Authentication> {
  try {
    const der = presented();
    if (der === undefined) return { principal: { kind: 'anonymous' } };
    return { principal: await verifyPresented(parts, organisation, der) };
  } catch (error) {
    if (error instanceof Refusal) return { principal: { kind: 'anonymous' }, refusal: error };
    throw error;
  }
}

async function verifyPresented(
  { database, now, verified, log }: CertificateAuthenticationParts,
  organisation: RequestOrganisation,
  der: Uint8Array,
): Promise<Principal> {
  const at = now();
  // Of what this server did not issue for the organisation, nothing but the serial number is looked at.
  const asked = { serial: readSerial(der), fingerprint: hash('sha256', der) };
  const row = await findIssued(database.query, organisation.id, asked);
  if (!row?.issuer_id) throw refuse();
  const place = { organisationId: organisation.id, authorityId: row.issuer_id, now: at };
  const rules = await listHeldAccess(database.query, place);
  const certificate = rules.length === 0 ? undefined : await verified.verify(database.query, row, at).catch(asRefusal);
  const rule = certificate && findMatching(certificate, rules);
  if (!rule) throw refuse();
  const verbs = await listVerbs(database.query, row, rule);
  if (verbs.length === 0) throw refuse();
  const staleBefore = at - useNotedEveryMs;
  if (rule.last_used_at === null || rule.last_used_at <= staleBefore) {
    // As for API keys: what can be read is answered where nothing can be written.
    await touchAccess(database.query, { id: rule.id, now: at, staleBefore }).catch((err: unknown) => {
      log.warn({ err, access: rule.id }, 'the use of a client certificate could not be noted');
    });
  }
  return { kind: 'client-certificate', certificateId: row.id, accessId: rule.id, verbs, scope: rule.scope };
}

function readSerial(der: Uint8Array): string {
  try {
    return formatSerial(parseCertificate(new Uint8Array(der)).serialNumber);
  } catch (cause) {
    if (cause instanceof TrustError) throw refuse();
    throw cause;
  }
}

/**
 * What the rule gives. Managers issue certificates of any name that the policy allows: where the rule names no single certificate, one
 * that no admin issued gives no more than managers have.
 */
async function listVerbs(query: Query, row: CertificateRow, rule: HeldAccessRow): Promise<Verb[]> {
  const verbs = listVerbsInForce(rule);
  const isCommon = verbs.every((verb) => managerVerbs.includes(verb));
  if (isCommon || rule.match_kind === 'fingerprint' || (await isByAdmin(query, row))) return verbs;
  return verbs.filter((verb) => managerVerbs.includes(verb));
}

function asRefusal(error: unknown): never {
  throw error instanceof TrustError ? refuse(error) : error;
}

function refuse(cause?: unknown): Refusal {
  return new Refusal('unauthenticated', 'this client certificate does not count', {
    rule: 'client-certificate',
    hint: 'signpost access list shows which do; signpost cert show tells whether it is valid and for clients',
    cause,
  });
}
