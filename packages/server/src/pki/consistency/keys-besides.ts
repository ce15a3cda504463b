/** Holds the keys that authorities have besides their own, for OCSP and timestamps, against the certificates for them. */
import { parseCertificate } from '@signpost/protocol/x509/certificate';
import { recordAudit } from '../../audit/store.ts';
import { announceStatusChange } from '../records/status-changes.ts';
import { openResponderKey } from '../revocation/ocsp/responder.ts';
import { openTimestampKey } from '../timestamps/certificate.ts';
import { type Check, compareKey, type Finding, parseStored } from './finding.ts';
import { deleteResponder, type KeyBesides, listKeysBesides } from './store.ts';

/** Checks every such key of the organisation. */
export async function checkKeysBesides(check: Check, tell: (found: readonly Finding[]) => void): Promise<void> {
  const { parts, caller } = check;
  for (const key of await listKeysBesides(parts.database.query, caller.organisationId)) {
    const wrong = await findWrong(check, key);
    if (wrong) tell(await settle(check, key, wrong));
  }
}

type Wrong = Pick<Finding, 'problem' | 'detail'>;

async function findWrong(
  { parts }: Check,
  { kind, authorityId, sealedKey, ...key }: KeyBesides,
): Promise<Wrong | undefined> {
  const certificate = parseStored(key.certificate.der, parseCertificate);
  // Told of where certificates are checked.
  if (!certificate) return undefined;
  if (key.certificate.issuer_id !== authorityId) {
    return { problem: 'key-differs', detail: `the certificate is not one of ${key.authority}` };
  }
  const open = kind === 'ocsp' ? openResponderKey : openTimestampKey;
  const wrong = await compareKey(() => open(parts.vault, key.certificate.id, sealedKey), certificate);
  return wrong && { ...wrong, detail: `${kind}: ${wrong.detail}` };
}

/**
 * A key for OCSP that is not the certified one is of no use to anybody, and the next one is made by itself, or with the root's next list. One for
 * timestamps is left to people: switching them off and on again makes another one. Nothing is told of a key that was gone meanwhile.
 */
async function settle(check: Check, key: KeyBesides, wrong: Wrong): Promise<readonly Finding[]> {
  const { parts, caller, repair } = check;
  const { id } = key.certificate;
  const finding = { certificateId: id, authority: key.authority, ...wrong } as const;
  if (key.kind !== 'ocsp' || wrong.problem !== 'key-differs') return [{ ...finding, outcome: 'open' }];
  if (!repair) return [{ ...finding, outcome: 'repairable' }];
  const at = parts.now();
  const isDone = await parts.database.transaction(async (tx) => {
    if (!(await deleteResponder(tx, id))) return false;
    // Whoever holds it in memory would go on answering with it.
    announceStatusChange(tx, { organisationId: caller.organisationId, issuerId: key.authorityId });
    await recordAudit(tx, at, {
      ...{ ...caller, action: 'certificate.repaired', object: { kind: 'certificate', id } },
      detail: { removed: 'ocsp-key', authority: key.authority },
    });
    return true;
  });
  return isDone ? [{ ...finding, outcome: 'repaired' }] : [];
}
