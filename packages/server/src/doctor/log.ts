/** The doctor on the transparency log: whether it is what was signed, and whether the trust list names it. */
import { TrustError } from '@signpost/protocol/errors';
import type { TrustedLog } from '@signpost/protocol/updates/trust-list';
import { listAudit } from '../audit/store.ts';
import { Refusal } from '../errors.ts';
import type { Database } from '../storage/database.ts';
import { walkHeads } from '../trust/log/audit-heads.ts';
import { checkLog } from '../trust/log/check.ts';
import { type LogLag, measureLag } from '../trust/log/lag.ts';
import { findOpenLog, type LogRow } from '../trust/log/store.ts';
import { readTrustInForce } from '../trust/trust-lists.ts';
import type { DoctorDependencies, Finding } from './finding.ts';

/** A log that was changed, that waits for its checkpoint, or that clients are told another one of. */
export async function examineLog({ database, now }: DoctorDependencies, organisationId: string): Promise<Finding[]> {
  const log = await findOpenLog(database.query);
  const trust = await readTrustInForce(database.query, organisationId).catch(passOverBroken);
  const named = trust?.log;
  if (!log) return named ? [nameOther(named, 'this server has no log yet: signpost unlock')] : [];
  const read = await checkLog(database.query, log).then(
    (entries) => describeRead(log, entries),
    (error: unknown) => describeDamage(error),
  );
  const lost = read.level === 'error' ? [] : await findLostHeads(database, log);
  const behind = describeBehind(await measureLag(database.query, log, now()));
  return [read, ...lost, ...describeWaiting(log), ...behind, ...(trust ? compareNamed(log, named) : [])];
}

/** Lists that do not verify are told of where trust is examined. */
function passOverBroken(error: unknown): undefined {
  if (!(error instanceof TrustError)) throw error;
}

/** So that it can be told from a log that nobody looked at. */
function describeRead({ origin }: LogRow, entries: number): Finding {
  return {
    level: 'info',
    code: 'log-read',
    message: `the transparency log ${origin} is what was signed: ${entries} entries were read`,
    hint: 'what the server cannot tell of itself is seen elsewhere: signpost log verify --since FILE',
  };
}

function describeDamage(error: unknown): Finding {
  if (!(error instanceof Refusal && error.rule === 'log-damaged')) throw error;
  return {
    level: 'error',
    code: 'log-damaged',
    message: error.message,
    hint: 'nothing is published until it is whole: keep a copy of the database as it is, and restore a backup',
  };
}

/** Heads of the audit chain that the log holds and the chain does not have, but for those that came along through a restore. */
async function findLostHeads(database: Database, log: LogRow): Promise<Finding[]> {
  const carried = await listAudit(database, { action: 'log.carried', newestFirst: true, limit: 1 });
  const { size } = JSON.parse(carried[0]?.detail ?? '{"size":0}') as { size: number };
  for await (const { position, sequence, isThere } of walkHeads(database.query, log)) {
    // Older ones are of an audit log that was replaced.
    if (position < size) return [];
    if (!isThere) return [describeLost(sequence)];
  }
  return [];
}

function describeLost(sequence: number): Finding {
  return {
    level: 'error',
    code: 'audit-head-lost',
    message: `the transparency log holds the head of the audit log at row ${sequence}, which the audit log does not have`,
    hint: 'somebody cut the audit log back or wrote it anew: keep a copy of the database as it is, and compare it with a backup',
  };
}

function describeWaiting({ size, checkpoint_size }: LogRow): Finding[] {
  if (size === checkpoint_size) return [];
  return [
    {
      level: 'warning',
      code: 'log-waits',
      message: `${size - checkpoint_size} entries of the transparency log wait for a signed checkpoint`,
      hint: 'signpost unlock',
    },
  ];
}

/** A sweep comes each minute. */
const lateMs = 600_000;

function describeBehind({ rows, ms }: LogLag): Finding[] {
  if (ms < lateMs) return [];
  return [
    {
      level: 'warning',
      code: 'log-behind',
      message: `${rows} rows of the audit log are not in the transparency log yet, the oldest for ${Math.floor(ms / 60_000)} minutes`,
      hint: 'the vault is locked (signpost unlock), the log does not grow (its own log tells why), or more is issued than is taken in: it catches up by itself',
    },
  ];
}

function compareNamed(log: LogRow, named: TrustedLog | undefined): Finding[] {
  if (!named) {
    return [
      {
        level: 'info',
        code: 'log-not-named',
        message: 'the trust list names no transparency log: clients do not ask for proofs',
        hint: 'signpost root set-log, signpost root sign, then signpost trust import trust.json',
      },
    ];
  }
  if (named.origin === log.origin && named.key.pubkeyB64 === log.pubkey_b64) return [];
  return [nameOther(named, `the log of this server is ${log.origin}: signpost root set-log, signpost root sign`)];
}

function nameOther({ origin }: TrustedLog, hint: string): Finding {
  return {
    level: 'error',
    code: 'log-other-named',
    message: `the trust list names the log ${origin}, which this server cannot sign for: clients refuse what is published`,
    hint,
  };
}
