/** Holds published revocation lists against their issuers, their numbers, and the records of what is revoked (RFC 5280, 5). */
import { createHash } from 'node:crypto';
import { DerReader } from '@signpost/protocol/asn1/reader';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { TrustError } from '@signpost/protocol/errors';
import { isSameName, readName } from '@signpost/protocol/x509/name';
import { parseRevocationList, type RevocationList } from '@signpost/protocol/x509/revocation-list';
import { verifySigned } from '@signpost/protocol/x509/verify-certificate';
import type { Transaction } from 'kysely';
import { recordAudit } from '../../audit/store.ts';
import type { Schema } from '../../storage/schema.ts';
import { type AuthorityRow, findAuthority } from '../authorities/store.ts';
import { importNodeKey } from '../certificates/node-verification-key.ts';
import {
  findList,
  findRevocationState,
  type RevocationListRow,
  raiseNumber,
  updateRevocationState,
} from '../revocation/store.ts';
import { type Check, type Finding, parseStored } from './finding.ts';
import { checkEntries } from './list-entries.ts';
import { deleteList, listListKeys, rewriteList } from './store.ts';

/** Checks every list of the organisation, one at a time: large ones have megabytes. */
export async function checkLists(check: Check, tell: (found: readonly Finding[]) => void): Promise<void> {
  const { parts, caller } = check;
  const { query } = parts.database;
  for (const key of await listListKeys(query, caller.organisationId)) {
    const row = await findList(query, key.authority_id, key);
    const authority = await findAuthority(query, caller.organisationId, { id: key.authority_id });
    if (row && authority) tell(await checkList(check, { row, authority }));
  }
}

/** A stored list, and whose it is. */
interface StoredList {
  readonly row: RevocationListRow;
  readonly authority: AuthorityRow;
}

async function checkList(check: Check, stored: StoredList): Promise<readonly Finding[]> {
  const list = parseStored(stored.row.der, parseRevocationList);
  if (!list) return takeAway(check, stored, describe(stored, 'list-unreadable', 'expected the DER of a list'));
  const wrong = await findForgery(list, stored.authority);
  if (wrong !== undefined) {
    return takeAway(check, stored, describe(stored, 'list-signature-wrong', wrong));
  }
  const isWhole = stored.row.kind === 'complete' && stored.row.part === '';
  return [
    ...(await checkColumns(check, stored, list)),
    ...(await checkNumber(check, stored, list)),
    ...(isWhole ? await checkEntries(check, { ...stored, list }) : []),
  ];
}

async function findForgery(list: RevocationList, authority: AuthorityRow): Promise<string | undefined> {
  const subject = readName(new DerReader(parseBase64(authority.subject)));
  if (!isSameName(list.issuer, subject)) return `expected a list of ${authority.name}, got another's`;
  try {
    await verifySigned(list, await importNodeKey(parseBase64(authority.public_key)));
    return undefined;
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    return error.message;
  }
}

/** The server makes a list of its own anew when it has none; one that needs a passphrase, or another machine, stays where it is. */
async function takeAway(check: Check, { row, authority }: StoredList, finding: Finding): Promise<readonly Finding[]> {
  if (authority.custody !== 'server') return [finding];
  return repairIn(check, finding, {
    authority,
    change: async (tx) => {
      if (!(await deleteList(tx, row))) return false;
      // What covers nothing is behind, and made again with all its parts.
      await updateRevocationState(tx, authority.id, { covered: '' });
      return true;
    },
  });
}

type ProvenColumns = Pick<
  RevocationListRow,
  'number' | 'base_number' | 'this_update' | 'next_update' | 'entries' | 'digest'
>;

function deriveColumns(list: RevocationList): ProvenColumns {
  return {
    ...{ number: Number(list.number), base_number: list.deltaBase === undefined ? null : Number(list.deltaBase) },
    ...{ this_update: list.thisUpdate, next_update: list.nextUpdate, entries: list.entries.length },
    digest: createHash('sha256').update(list.bytes).digest('hex'),
  };
}

async function checkColumns(check: Check, stored: StoredList, list: RevocationList): Promise<readonly Finding[]> {
  const { row, authority } = stored;
  const isDelta = list.deltaBase !== undefined;
  const isPart = list.scope !== undefined;
  if (isDelta !== (row.kind === 'delta') || isPart !== (row.part !== '')) {
    const what = isDelta ? 'a delta' : isPart ? 'a part' : 'a complete list';
    return takeAway(check, stored, describe(stored, 'list-columns-differ', `it is ${what}`));
  }
  const derived = deriveColumns(list);
  const names = Object.keys(derived) as (keyof ProvenColumns)[];
  const differing = names.filter((name) => derived[name] !== row[name]);
  if (differing.length === 0) return [];
  const finding = describe(stored, 'list-columns-differ', differing.join(' '));
  return repairIn(check, finding, { authority, change: (tx) => rewriteList(tx, row, derived) });
}

/** A number that was given is never given again, or caches and clients take the older list for the newer. */
async function checkNumber(check: Check, stored: StoredList, list: RevocationList): Promise<readonly Finding[]> {
  const { authority } = stored;
  const state = await findRevocationState(check.parts.database.query, authority.id);
  const number = Number(list.number);
  if (state && state.number >= number) return [];
  const finding = describe(stored, 'list-number-behind', `${state?.number ?? 0} given, ${number} published`);
  return repairIn(check, finding, { authority, change: (tx) => raise(tx, stored, number) });
}

function raise(tx: Transaction<Schema>, { authority }: StoredList, number: number): Promise<boolean> {
  const { id: authorityId, organisation_id: organisationId } = authority;
  return raiseNumber(tx, { authorityId, organisationId }, number);
}

interface Repair {
  readonly authority: AuthorityRow;
  /** False, and nothing else, when what was found is not there any more. */
  readonly change: (tx: Transaction<Schema>) => Promise<boolean>;
}

/** What was replaced since it was found is not repaired, and not told of: it is held against what came after it by the next check. */
async function repairIn(
  { parts, caller, repair }: Check,
  finding: Finding,
  { authority, change }: Repair,
): Promise<readonly Finding[]> {
  if (!repair) return [{ ...finding, outcome: 'repairable' }];
  const { problem, detail } = finding;
  const isDone = await parts.database.transaction(async (tx) => {
    if (!(await change(tx))) return false;
    await recordAudit(tx, parts.now(), {
      ...{ ...caller, action: 'revocation_list.repaired', object: { kind: 'authority', id: authority.id } },
      detail: { name: authority.name, problem, detail },
    });
    return true;
  });
  if (!isDone) return [];
  parts.forgetLists(authority.id);
  return [{ ...finding, outcome: 'repaired' }];
}

function describe({ row, authority }: StoredList, problem: Finding['problem'], detail: string): Finding {
  const which = row.part === '' ? row.kind : `${row.kind} ${row.part}`;
  return {
    certificateId: undefined,
    authority: authority.name,
    problem,
    detail: `${which}: ${detail}`,
    outcome: 'open',
  };
}
