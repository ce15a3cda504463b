/** Holds the entries of a complete list against the records of the certificates that they name. */
import { findEntry, type RevocationList, type RevokedEntry } from '@signpost/protocol/x509/revocation-list';
import { Refusal } from '../../errors.ts';
import type { AuthorityRow } from '../authorities/store.ts';
import { formatSerial } from '../records/certificate-row.ts';
import { adoptEntries } from '../revocation/lists/adopt.ts';
import { listSerials } from '../revocation/lists/entries.ts';
import { isBehind } from '../revocation/lists/publish.ts';
import { findList, listStatuses, type RevocationListRow } from '../revocation/store.ts';
import type { Check, Finding } from './finding.ts';

const pageSize = 500;

/** A list of all certificates that is signed by its authority. */
interface CompleteList {
  readonly row: RevocationListRow;
  readonly authority: AuthorityRow;
  readonly list: RevocationList;
}

/** Entries whose certificates are not revoked here, or not recorded; and revocations that an up-to-date list leaves out. */
export async function checkEntries(check: Check, complete: CompleteList): Promise<readonly Finding[]> {
  const { database } = check.parts;
  const findings = [...(await checkRevoked(check, complete)), ...(await checkComplete(check, complete))];
  // One that was replaced meanwhile is held against what came after it.
  const now = await findList(database.query, complete.authority.id, { kind: 'complete', part: '' });
  return now?.number === complete.row.number ? findings : findings.filter(({ outcome }) => outcome === 'repaired');
}

async function checkRevoked(check: Check, complete: CompleteList): Promise<Finding[]> {
  const { authority, list } = complete;
  // What was on hold may have been released since; what was revoked never is.
  const revoked = list.entries.filter(({ reason }) => reason !== 'certificateHold');
  const bySerial = new Map(revoked.map((entry) => [formatSerial(entry.serialNumber), entry]));
  const serials = [...bySerial.keys()];
  const findings: Finding[] = [];
  for (let at = 0; at < serials.length; at += pageSize) {
    const page = serials.slice(at, at + pageSize);
    const states = new Map(
      (await listStatuses(check.parts.database.query, authority.id, page)).map(({ serial, state }) => [serial, state]),
    );
    for (const serial of page) {
      const [entry, state] = [bySerial.get(serial), states.get(serial)];
      if (!entry || state === 'revoked') continue;
      if (state !== undefined) findings.push(await revokeAgain(check, complete, { entry, serial }));
      // Another machine knows certificates that nobody ever brought here.
      else if (authority.custody !== 'offline')
        findings.push(describe(authority, 'list-contradicts', `${serial}: not recorded`));
    }
  }
  return findings;
}

/** The authority has signed that it is revoked, and that is never taken back. */
async function revokeAgain(
  { parts, caller, repair }: Check,
  { authority, list }: CompleteList,
  { entry, serial }: { readonly entry: RevokedEntry; readonly serial: string },
): Promise<Finding> {
  const finding = describe(authority, 'list-contradicts', `${serial}: revoked by the list, valid in the records`);
  if (!repair) return { ...finding, outcome: 'repairable' };
  const act = { parts, caller, at: parts.now() };
  try {
    await parts.database.transaction((tx) =>
      adoptEntries(tx, act, { row: authority, list: { ...list, entries: [entry] }, cascade: false }),
    );
    return { ...finding, outcome: 'repaired' };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ...finding, detail: `${finding.detail}; ${error.message}` };
  }
}

/** Neither side proves the other wrong. While the list waits to be made again, it is behind by design, and told so elsewhere. */
async function checkComplete({ parts }: Check, { authority, list }: CompleteList): Promise<Finding[]> {
  if (await isBehind(parts, authority.id)) return [];
  const missing: string[] = [];
  for (const { serial, content } of await listSerials(parts.database.query, authority.id, list.thisUpdate)) {
    if (!findEntry(list, content)) missing.push(serial);
  }
  return missing.map((serial) =>
    describe(authority, 'list-incomplete', `${serial}: revoked in the records, not in the list`),
  );
}

function describe({ name }: AuthorityRow, problem: Finding['problem'], detail: string): Finding {
  return { certificateId: undefined, authority: name, problem, detail, outcome: 'open' };
}
