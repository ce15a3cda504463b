/** The life of the log: begun when the vault is first open, ended when its key or its end is lost. */
import { randomBytes, randomInt } from 'node:crypto';
import { createKeyPair } from '@signpost/protocol/keys/ed25519';
import type { Transaction } from 'kysely';
import { listOrganisations } from '../../accounts/store.ts';
import { systemActor } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { defaultOrganisation } from '../../http/guard.ts';
import type { Database, Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { Vault } from '../../vault/vault.ts';
import { logKeyPlace, openLogSigner, signCheckpoint } from './checkpoint.ts';
import { isRolledBack, rememberSigned } from './high-water.ts';
import { endLog, findOpenLog, insertLog, type LogRow, listLogs } from './store.ts';

/** What a log is begun with. */
export interface LogOpening {
  readonly database: Database;
  readonly vault: Vault;
  readonly now: () => number;
  /** Names a log when it begins; one that runs keeps its name. */
  readonly baseUrl: string | undefined;
  /** A file outside of the database that remembers what was signed last. */
  readonly highWater?: string;
}

/**
 * Begins the log where there is none, ends one whose key no longer opens, or that the database has lost the end of, begins the next, and signs what waits for a checkpoint.
 * While the vault is locked or absent nothing happens; it is called again when it opens. Returns whether anything was signed.
 */
export async function openLog(opening: LogOpening): Promise<boolean> {
  const { database, vault, now } = opening;
  if (vault.state !== 'unlocked') return false;
  return database.transaction(async (tx) => {
    const at = now();
    const log = (await findUsableLog(tx, opening, at)) ?? (await beginLog(tx, opening, at));
    const isDue = log.checkpoint === null || log.checkpoint_size < log.size;
    if (isDue) rememberSigned(tx, await signCheckpoint(tx, vault, { log, at }));
    return isDue;
  });
}

async function findUsableLog(
  tx: Transaction<Schema>,
  { vault, highWater }: LogOpening,
  at: number,
): Promise<LogRow | undefined> {
  const log = await findOpenLog(tx);
  if (!log) return undefined;
  const isLost = !(await isKeyOpen(vault, log));
  if (!isLost && !(await isRolledBack(tx, log, highWater))) return log;
  await concludeLog(tx, { log, at, reason: isLost ? 'key-lost' : 'rolled-back' });
  return undefined;
}

/** The vault was begun anew: what was sealed before opens no more. */
async function isKeyOpen(vault: Vault, log: LogRow): Promise<boolean> {
  try {
    return (await openLogSigner(vault, log)).pubkeyB64 === log.pubkey_b64;
  } catch (error) {
    if (error instanceof Refusal && error.rule === 'secret-unreadable') return false;
    throw error;
  }
}

async function beginLog(tx: Transaction<Schema>, { vault, baseUrl }: LogOpening, at: number): Promise<LogRow> {
  const id = chooseNumber((await listLogs(tx)).at(-1)?.id);
  const { seed, signer } = await createKeyPair();
  const sealed = vault.seal(...logKeyPlace(id), seed);
  seed.fill(0);
  const row: LogRow = {
    ...{ id, origin: nameLog(baseUrl, id), pubkey_b64: signer.pubkeyB64, sealed_seed: sealed },
    ...{ size: 0, checkpoint_size: 0, checkpoint: null, checkpoint_at: null, created_at: at, ended_at: null },
  };
  await insertLog(tx, row);
  await recordLogAct(tx, at, { action: 'log.begun', log: row, detail: {} });
  return row;
}

/** The first log is number 1. A later one has a number by chance, so that two restores of one backup begin two logs that nobody takes for one. */
function chooseNumber(last: number | undefined): number {
  return last === undefined ? 1 : last + 1 + randomInt(100_000_000);
}

/**
 * A line that no other log has (C2SP tlog-checkpoint: a URL without its scheme): by where the server is, since several may have one host, or by
 * chance; a later log of a server bears its number.
 */
function nameLog(baseUrl: string | undefined, id: number): string {
  const name = baseUrl === undefined ? `signpost-${randomBytes(8).toString('hex')}` : nameServer(new URL(baseUrl));
  return id === 1 ? `${name}/log` : `${name}/log/${id}`;
}

/** A plus would end the name in a verifier key (C2SP signed-note). */
function nameServer({ host, pathname }: URL): string {
  return `${host}${pathname.replace(/\/+$/, '')}`.replaceAll('+', '%2B');
}

/** Why a log ends. */
type LogEnd = 'key-lost' | 'restored' | 'rolled-back';

/** Ends a log, and says so in the audit log. What was signed stays true; nothing is appended to it any more. */
export async function concludeLog(
  tx: Transaction<Schema>,
  { log, at, reason }: { readonly log: LogRow; readonly at: number; readonly reason: LogEnd },
): Promise<void> {
  await endLog(tx, log.id, at);
  await recordLogAct(tx, at, { action: 'log.ended', log, detail: { reason, size: log.size } });
}

/** Says in the audit log of a restored state how far the log of the state before it goes: heads up to there may be of that one's audit log. */
export async function recordCarried(tx: Transaction<Schema>, log: LogRow, at: number): Promise<void> {
  await recordLogAct(tx, at, { action: 'log.carried', log, detail: { size: log.size } });
}

interface LogAct {
  readonly action: 'log.begun' | 'log.carried' | 'log.ended';
  readonly log: LogRow;
  readonly detail: Readonly<Record<string, string | number>>;
}

async function recordLogAct(tx: Transaction<Schema>, at: number, { action, log, detail }: LogAct): Promise<void> {
  await recordAudit(tx, at, {
    organisationId: await findServersOwn(tx),
    ...{ actor: systemActor, action, object: { kind: 'transparency-log', id: log.origin } },
    detail: { pubkey_b64: log.pubkey_b64, ...detail },
  });
}

/** The id of the organisation that reads what concerns the whole server; null in a database without one. */
export async function findServersOwn(query: Query): Promise<string | null> {
  return (await listOrganisations(query)).find(({ slug }) => slug === defaultOrganisation)?.id ?? null;
}
