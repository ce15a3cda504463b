/** Kills a process that records or looks, again and again at random moments, and reads the books after each. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { verifyAuditChain } from '../../../src/audit/store.ts';
import { type DatabaseLocation, openDatabase } from '../../../src/storage/database/open.ts';
import { migrate } from '../../../src/storage/migrations/migrate.ts';
import { encodePlain } from '../../../src/watch/facts/plain-text.ts';
import { verifyObservations } from '../../../src/watch/observations/chain.ts';
import { contentOf, joinDesk, openEstablished } from './desk.ts';

/** How a run went. */
export interface SiegeReport {
  readonly findings: readonly string[];
  /** Sightings that were acknowledged. */
  readonly acknowledged: number;
}

/** What the process does: hands in sightings, or looks by the scheduler. */
export type SiegeWork = 'recording' | 'looking';

const programs: Readonly<Record<SiegeWork, string>> = { recording: 'loop.ts', looking: 'looks.ts' };
const maxLifeMs = 400;
const slug = 'siege';

/** Kills `kills` times on a new database at `location`. `random` gives the moments: from 0 to 1. */
export async function killAtWork(
  location: DatabaseLocation,
  { work, kills, random }: { readonly work: SiegeWork; readonly kills: number; readonly random: () => number },
): Promise<SiegeReport> {
  await withDatabase(location, async (database) => {
    await migrate(database);
    await openEstablished(database, slug);
  });
  const findings: string[] = [];
  const acknowledged = new Set<number>();
  const known = await readAccepted(location);
  for (let kill = 0; kill < kills; kill += 1) {
    const before = acknowledged.size;
    await workUntilKilled(location, { work, kill, lifeMs: random() * maxLifeMs, acknowledged });
    // Whatever the last one held is free again.
    if (acknowledged.size === before) findings.push(`nothing was recorded after kill ${kill}`);
    findings.push(...(await judge(location, { known, acknowledged })));
  }
  return { findings, acknowledged: acknowledged.size };
}

interface Round {
  readonly work: SiegeWork;
  readonly kill: number;
  readonly lifeMs: number;
  readonly acknowledged: Set<number>;
}

async function workUntilKilled(location: DatabaseLocation, { work, kill, lifeMs, acknowledged }: Round): Promise<void> {
  const loop = join(import.meta.dirname, programs[work]);
  const child = spawn(
    execPath,
    [
      '-C',
      '@signpost/source',
      '--disable-warning=ExperimentalWarning',
      loop,
      JSON.stringify(location),
      slug,
      String(kill),
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) acknowledged.add(Number(line));
  });
  const closed = once(child, 'close');
  // The first one takes longest; what matters happens after it.
  await Promise.race([once(child.stdout, 'data'), closed]);
  await delay(lifeMs);
  child.kill('SIGKILL');
  await closed;
}

interface Books {
  readonly known: string;
  readonly acknowledged: ReadonlySet<number>;
}

async function judge(location: DatabaseLocation, { known, acknowledged }: Books): Promise<readonly string[]> {
  return withDatabase(location, async (database) => {
    const desk = await joinDesk(database, slug);
    const rows = await database.query.selectFrom('watch_artifact').select('content').execute();
    const contents = new Set(rows.map(({ content }) => content));
    const lost = [...acknowledged].filter((onDay) => !contents.has(contentOf(onDay)));
    await verifyObservations(database, desk.caller.organisationId);
    await verifyAuditChain(database);
    const latest = await desk.latest();
    return [
      ...lost.map((onDay) => `version ${onDay} was acknowledged and is lost`),
      ...(latest.state === 'established' ? [] : [`the line is ${latest.state}`]),
      ...(encodePlain([latest.identities, latest.keys]) === known ? [] : ['somebody else is accepted']),
      ...((await desk.isRebuilt()) ? [] : ['learning again gives other revisions']),
      ...(await findHalves(database)),
    ];
  });
}

/** Sightings and findings come whole: no artifact without a sighting, no finding without its first event. */
async function findHalves({ query }: Awaited<ReturnType<typeof openDatabase>>): Promise<readonly string[]> {
  const artifacts = await query
    .selectFrom('watch_artifact as artifact')
    .leftJoin('watch_observation as seen', 'seen.sequence', 'artifact.last_sequence')
    .select('artifact.number')
    .where('seen.sequence', 'is', null)
    .execute();
  const findings = await query
    .selectFrom('watch_finding as finding')
    .leftJoin('watch_finding_event as event', (join_) =>
      join_.onRef('event.finding_id', '=', 'finding.id').on('event.number', '=', 1),
    )
    .select('finding.id')
    .where('event.number', 'is', null)
    .execute();
  return [
    ...artifacts.map(({ number }) => `artifact ${number} was never seen`),
    ...findings.map(({ id }) => `finding ${id} was never opened`),
  ];
}

async function readAccepted(location: DatabaseLocation): Promise<string> {
  return withDatabase(location, async (database) => {
    const { identities, keys } = await (await joinDesk(database, slug)).latest();
    return encodePlain([identities, keys]);
  });
}

async function withDatabase<T>(
  location: DatabaseLocation,
  act: (database: Awaited<ReturnType<typeof openDatabase>>) => Promise<T>,
): Promise<T> {
  const database = await openDatabase(location, { create: true });
  try {
    return await act(database);
  } finally {
    await database.close();
  }
}
