/** Transactions as both engines have them: one writer at a time, run again on a conflict, no way around them by accident. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely, KyselyPlugin, Transaction } from 'kysely';
import type { Database, Query } from '../database.ts';
import type { Schema } from '../schema.ts';
import { isConflict } from '../violation.ts';

/** What an engine brings along. */
export interface Engine {
  readonly name: Database['engine'];
  readonly kysely: Kysely<Schema>;
  /** Runs first in each transaction. */
  begin(transaction: Transaction<Schema>): Promise<void>;
  probe(): Promise<void>;
  /** Where commits can be flushed apart from committing. */
  readonly flushes?: Flushes;
}

/** Commits whose flush is waited for by itself. */
export interface Flushes {
  /** Runs `work` on a connection whose commits are not flushed. */
  defer<T>(work: (connection: Kysely<Schema>) => Promise<T>): Promise<T>;
  /** Resolves once all that has been committed is on the disk. `isLone`: nobody else is about to commit. */
  flush(isLone: boolean): Promise<void>;
  /** The last one that has not ended. */
  readonly pending: Promise<void> | undefined;
  /** Before the database is closed: nobody else has it open afterwards. */
  stop(): Promise<void>;
  /** After the database. */
  close(): Promise<void>;
}

const attemptLimit = 12;
const waitLimitMs = 400;

/** The database over `engine`. */
export function createDatabase(engine: Engine): Database {
  const open = new AsyncLocalStorage<{ active: boolean }>();
  const query = engine.kysely.withPlugin(refuseInside(open));
  let closing: Promise<void> | undefined;
  return {
    engine: engine.name,
    query,
    transaction: (work) => {
      assertOutside(open);
      return retryConflicts(() => runOnce({ engine, open, query }, work));
    },
    commit: async (work, { isLone = false } = {}) => {
      assertOutside(open);
      const { flushes } = engine;
      if (!flushes) {
        const result = await retryConflicts(() => runOnce({ engine, open, query }, work));
        return { result, durable: Promise.resolve() };
      }
      return retryConflicts(() =>
        flushes.defer(async (kysely) => {
          const result = await runOnce({ engine: { ...engine, kysely }, open, query }, work);
          // Before the next one has the connection: whoever reads what was committed finds a flush to wait for.
          return { result, durable: flushes.flush(isLone) };
        }),
      );
    },
    settle: () => engine.flushes?.pending,
    probe: () => engine.probe(),
    close: () => {
      closing ??= closeEngine(engine);
      return closing;
    },
  };
}

async function closeEngine({ kysely, flushes }: Engine): Promise<void> {
  await flushes?.stop();
  try {
    await kysely.destroy();
  } finally {
    await flushes?.close();
  }
}

const commitActs = new WeakMap<object, (() => void)[]>();

/**
 * Runs `act` once `query` has committed, and never when it did not; at once when `query` is no transaction. For state
 * in memory that must not run ahead of the database. `act` must not throw.
 */
export function afterCommit(query: Query, act: () => void): void {
  const acts = commitActs.get(query);
  if (acts) acts.push(act);
  else act();
}

const owners = new WeakMap<object, Query>();

/** The `query` of the database that a transaction belongs to: what is known beside a database can be found from inside. */
export function ownerOf(query: Query): Query {
  return owners.get(query) ?? query;
}

interface Running {
  readonly engine: Pick<Engine, 'kysely' | 'begin'>;
  readonly open: AsyncLocalStorage<{ active: boolean }>;
  readonly query: Query;
}

async function runOnce<T>(
  { engine, open, query }: Running,
  work: (transaction: Transaction<Schema>) => Promise<T>,
): Promise<T> {
  const acts: (() => void)[] = [];
  const scope = { active: true };
  try {
    const result = await engine.kysely.transaction().execute(async (transaction) => {
      commitActs.set(transaction, acts);
      owners.set(transaction, query);
      await engine.begin(transaction);
      return open.run(scope, () => work(transaction));
    });
    for (const act of acts) act();
    return result;
  } finally {
    // What the work left running, such as a timer, may use the database again.
    scope.active = false;
  }
}

async function retryConflicts<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (attempt === attemptLimit || !isConflict(error)) throw error;
      await sleep(Math.random() * Math.min(waitLimitMs, 5 * 2 ** attempt));
    }
  }
}

// On SQLite such a query would wait for its own transaction for ever; on PostgreSQL it would see other rows.
function refuseInside(open: AsyncLocalStorage<{ active: boolean }>): KyselyPlugin {
  return {
    transformQuery: ({ node }) => {
      assertOutside(open);
      return node;
    },
    transformResult: async ({ result }) => result,
  };
}

function assertOutside(open: AsyncLocalStorage<{ active: boolean }>): void {
  if (open.getStore()?.active) throw new TypeError('expected the open transaction to be used, got the database itself');
}
