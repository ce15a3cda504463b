/** Kills a process that works with the certificate authority, again and again at random moments, and reads the books after each. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { type DatabaseLocation, openDatabase } from '../../../src/storage/database/open.ts';
import type { Database } from '../../../src/storage/database.ts';
import { migrate } from '../../../src/storage/migrations/migrate.ts';
import { createRevocationScene } from '../revocation/scene.ts';
import { type Acknowledged, type Act, acts, judge, judgeMended } from './books.ts';
import { createDamage } from './place.ts';

/** How a run went. */
export interface SiegeReport {
  readonly findings: readonly string[];
  /** What was acknowledged, by kind of act. */
  readonly acknowledged: Readonly<Record<Act, number>>;
}

const maxLifeMs = 700;

/** Kills `kills` times on a new database at `location`. `random` gives the moments: from 0 to 1. */
export async function killAtWork(
  location: DatabaseLocation,
  { kills, random }: { readonly kills: number; readonly random: () => number },
): Promise<SiegeReport> {
  await withDatabase(location, async (database) => {
    await migrate(database);
    const { issue, parts, place } = await createRevocationScene(database);
    for (let host = 0; host < 3; host += 1) await issue();
    await parts.publisher.request(place);
    await parts.stop();
    await createDamage(database);
  });
  const findings: string[] = [];
  const acknowledged: Acknowledged = { issued: new Set(), revoked: new Set(), told: new Set(), repaired: new Set() };
  for (let kill = 0; kill < kills; kill += 1) {
    const lived = await workUntilKilled(location, { kill, lifeMs: random() * maxLifeMs, acknowledged });
    if (!lived) findings.push(`the process ended by itself before kill ${kill}`);
    findings.push(...(await withDatabase(location, (database) => judge(database, acknowledged))));
  }
  findings.push(...(await withDatabase(location, judgeMended)));
  const counts = acts.map((act) => [act, acknowledged[act].size] as const);
  return { findings, acknowledged: Object.fromEntries(counts) as SiegeReport['acknowledged'] };
}

interface Round {
  readonly kill: number;
  readonly lifeMs: number;
  readonly acknowledged: Acknowledged;
}

/** Whether the process worked until it was killed. */
async function workUntilKilled(location: DatabaseLocation, { kill, lifeMs, acknowledged }: Round): Promise<boolean> {
  const loop = join(import.meta.dirname, 'loop.ts');
  const flags = ['-C', '@signpost/source', '--disable-warning=ExperimentalWarning'];
  const child = spawn(execPath, [...flags, loop, JSON.stringify(location), String(kill)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const missing = new Set<Act>(acts);
  const allBegun = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const act = acts.find((one) => line.startsWith(`${one} `));
    if (!act) return;
    const what = line.slice(act.length + 1);
    acknowledged[act].add(act === 'issued' || act === 'revoked' ? what : `${kill}/${what}`);
    missing.delete(act);
    if (missing.size === 0) allBegun.resolve();
  });
  // The first of each kind takes longest; what matters happens after it.
  await Promise.race([allBegun.promise, closed]);
  await delay(lifeMs);
  child.kill('SIGKILL');
  await closed;
  return child.signalCode === 'SIGKILL';
}

async function withDatabase<T>(location: DatabaseLocation, act: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(location, { create: true });
  try {
    return await act(database);
  } finally {
    await database.close();
  }
}
