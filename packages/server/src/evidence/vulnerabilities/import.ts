/** Imports a snapshot of vulnerabilities: written beside the current one, which it replaces in one step when it is whole. */
import { Worker } from 'node:worker_threads';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Database } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import { violationOf } from '../../storage/violation.ts';
import { threadEnvironment } from '../../thread-environment.ts';
import type { Spool } from '../spool.ts';
import { ecosystemNames } from './ecosystems.ts';
import type { ImportAnswer, ImportOrder } from './import-messages.ts';
import type { OsvRecord } from './osv.ts';
import {
  abandonSnapshot,
  insertSnapshot,
  insertVulnerabilities,
  removeAbandoned,
  replaceSnapshot,
  retireSnapshot,
} from './store.ts';

/** What imports work with. */
export interface ImportDependencies {
  readonly database: Database;
  readonly spool: Spool;
  readonly now: () => number;
}

/** A snapshot that counts from now on. */
export interface ImportedSnapshot {
  readonly ecosystem: string;
  readonly entries: number;
  /** Unix milliseconds. */
  readonly snapshotAt: number;
}

/** A snapshot on its way in. */
export interface IncomingSnapshot {
  readonly ecosystem: string;
  /** Unix milliseconds; the latest change among the records when absent. */
  readonly snapshotAt: number | undefined;
  readonly body: AsyncIterable<Uint8Array>;
}

/** Bytes of a snapshot: npm's has some 200 MiB. */
const maxBytes = 4 * 2 ** 30;
const maxHeapMb = 512;
/** How far the clock of whoever made the snapshot may be ahead of ours. */
const futureToleranceMs = 5 * 60_000;

/**
 * Reads a snapshot and puts it in the place of the ecosystem's current one. Throws `invalid` for an ecosystem that is not known, `too_large`, and
 * `upload_refused`, rule `vulnerabilities-snapshot`; until it returns the current one counts.
 */
export async function importSnapshot(
  dependencies: ImportDependencies,
  caller: Caller,
  { ecosystem, snapshotAt, body }: IncomingSnapshot,
): Promise<ImportedSnapshot> {
  if (!ecosystemNames.includes(ecosystem)) throw refuseEcosystem();
  const { database, spool, now } = dependencies;
  // Whose date lies ahead would never be too old.
  if (snapshotAt !== undefined && snapshotAt > now() + futureToleranceMs) throw refuseFuture();
  return spool.receive(body, { maxBytes, now: now() }, async ({ path }) => {
    const id = createId(now());
    const row = { id, ecosystem, state: 'loading' as const, snapshot_at: 0, imported_at: now(), entries: 0 };
    await insertSnapshot(database.query, row);
    try {
      const loaded = await loadRecords(dependencies, id, { path, ecosystem });
      if (loaded.entries === 0) throw refuseSnapshot(`expected vulnerabilities of ${ecosystem}, got none`);
      const imported = { ecosystem, entries: loaded.entries, snapshotAt: snapshotAt ?? loaded.latest };
      await putInForce(dependencies, caller, { id, imported });
      return imported;
    } finally {
      // The one before, or what could not be read to its end; what counts is not touched.
      await abandonSnapshot(database.query, id);
      await removeAbandoned(database);
    }
  });
}

/** Forgets the vulnerabilities of an ecosystem. Throws `not_found` when there is no snapshot of it. */
export async function removeSnapshot(
  { database, now }: Omit<ImportDependencies, 'spool'>,
  caller: Caller,
  ecosystem: string,
): Promise<void> {
  const at = now();
  await database.transaction(async (tx) => {
    if (!(await retireSnapshot(tx, ecosystem))) throw new Refusal('not_found', 'no snapshot of that ecosystem');
    await recordAudit(tx, at, {
      ...caller,
      action: 'vulnerabilities.removed',
      object: { kind: 'vulnerabilities', id: ecosystem },
    });
  });
  await removeAbandoned(database);
}

/** How long an import may take; what was begun earlier has ended with the process. */
const longestImportMs = 24 * 3_600_000;

/** Removes what a crash left of imports. */
export async function pruneSnapshots({ database, now }: Omit<ImportDependencies, 'spool'>): Promise<void> {
  await removeAbandoned(database, now() - longestImportMs);
}

async function putInForce(
  { database, now }: ImportDependencies,
  caller: Caller,
  { id, imported }: { id: string; imported: ImportedSnapshot },
): Promise<void> {
  const at = now();
  const { ecosystem, entries, snapshotAt } = imported;
  const facts = { ecosystem, entries, snapshot_at: new Date(snapshotAt).toISOString() };
  await database.transaction(async (tx) => {
    await replaceSnapshot(tx, { id, ecosystem, entries, snapshot_at: snapshotAt });
    await recordEvent(tx, {
      ...{ id: createId(at), organisationId: caller.organisationId, topic: 'vulnerabilities.imported' },
      ...{ payload: facts, at },
    });
    await recordAudit(tx, at, {
      ...caller,
      action: 'vulnerabilities.imported',
      object: { kind: 'vulnerabilities', id: ecosystem },
      detail: facts,
    });
  });
}

interface Loaded {
  readonly entries: number;
  readonly latest: number;
}

async function loadRecords(
  { database, now }: ImportDependencies,
  snapshotId: string,
  order: ImportOrder,
): Promise<Loaded> {
  const latestPossible = now() + futureToleranceMs;
  const worker = new Worker(new URL('./import-worker.ts', import.meta.url), {
    workerData: order,
    env: threadEnvironment(),
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
  });
  try {
    let loaded: Loaded = { entries: 0, latest: 0 };
    await hearRecords(worker, async (records) => {
      await storeRecords(database, snapshotId, records);
      const times = records.map(({ modifiedAt }) => modifiedAt).filter((time) => time <= latestPossible);
      const latest = times.reduce((time, modifiedAt) => Math.max(time, modifiedAt), loaded.latest);
      loaded = { entries: loaded.entries + records.length, latest };
    });
    return loaded;
  } finally {
    await worker.terminate();
  }
}

/** Resolves when the thread has handed over its last batch; `take` is waited for before the next. */
function hearRecords(worker: Worker, take: (records: readonly OsvRecord[]) => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on('message', (answer: ImportAnswer) => {
      if (answer.kind === 'done') return resolve();
      if (answer.kind === 'refused') return reject(refuseSnapshot(answer.message));
      take(answer.records).then(() => worker.postMessage('next'), reject);
    });
    worker.on('error', (cause) => reject(refuseSnapshot('the import broke off', cause)));
    worker.on('exit', (code) => reject(refuseSnapshot(`the thread ended with code ${code}`)));
  });
}

async function storeRecords(database: Database, snapshotId: string, records: readonly OsvRecord[]): Promise<void> {
  const vulnerabilities = records.map(({ id, modifiedAt, aliases, summary, severity }) => ({
    ...{ snapshot_id: snapshotId, id, modified_at: modifiedAt, aliases: JSON.stringify(aliases), summary },
    ...{ severity: severity.level, score_tenths: severity.scoreTenths ?? null, vector: severity.vector ?? null },
  }));
  const packages = records.flatMap(({ id, packages: all }) =>
    all.map(({ key, branch, affected }, position) => ({
      ...{ snapshot_id: snapshotId, vulnerability_id: id, position, package: key, branch: branch ?? null },
      affected: JSON.stringify(affected),
    })),
  );
  await database.transaction((tx) => insertVulnerabilities(tx, vulnerabilities, packages)).catch(explainStorage);
}

/** A record twice, which no honest snapshot has. */
function explainStorage(error: unknown): never {
  throw violationOf(error) === 'unique' ? refuseSnapshot('expected each vulnerability once', error) : error;
}

function refuseSnapshot(message: string, cause?: unknown): Refusal {
  return new Refusal('upload_refused', message, {
    rule: 'vulnerabilities-snapshot',
    hint: 'fetch all.zip of the ecosystem again, as OSV publishes it',
    cause,
  });
}

function refuseFuture(): Refusal {
  return new Refusal('invalid', 'expected a snapshot of the past', {
    rule: 'vulnerabilities-date',
    hint: 'give the time at which the snapshot was made',
  });
}

function refuseEcosystem(): Refusal {
  return new Refusal('invalid', `expected one of the ecosystems ${ecosystemNames.join(', ')}`, {
    rule: 'vulnerabilities-ecosystem',
    hint: 'write it as OSV does',
  });
}
