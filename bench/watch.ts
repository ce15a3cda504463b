/** The watch with 100,000 sources and 5 million sightings: its start, its memory, its classification, its room on disk, and a sweep. */
import { classify, type Sighting } from '../packages/server/src/watch/drift/classify.ts';
import { keyless, sightingOf, stranger } from '../packages/server/test/watch/drift/scene.ts';
import { signIn } from '../test/programs/operator.ts';
import { install, startServer } from '../test/programs/server.ts';
import { formatAmount, type Measurement } from './measurement.ts';
import { readMemory } from './signpost.ts';
import { fillWatch } from './watch/fill.ts';
import { measureSweep } from './watch/sweep.ts';
import { measureUnchanged, measureUnchangedOnPostgres, type Unchanged } from './watch/unchanged.ts';

/** Of the list of sources. */
const pageSize = 200;
const years = { sources: 100_000, sightings: 50 };

/** Measures a server of its own. */
export async function measureWatch(): Promise<readonly Measurement[]> {
  const onPostgres = await measureUnchangedOnPostgres();
  const sweep = await measureSweep();
  return [
    measureClassification(),
    describeUnchanged('SQLite', await measureUnchanged()),
    ...(onPostgres ? [describeUnchanged('PostgreSQL', onPostgres)] : []),
    {
      ...{ name: 'watch, requests a second of a sweep of 2,000 images', measured: sweep.ours / sweep.bare },
      bar: { kind: 'at least', value: 0.5, unit: ' times the bare requests' },
      detail: `${formatAmount(sweep.ours)} to ${formatAmount(sweep.bare)}, ${formatAmount(sweep.requests)} requests`,
    },
    ...(await measureYears()),
  ];
}

function describeUnchanged(engine: string, { bytes, perSecond }: Unchanged): Measurement {
  return {
    ...{ name: `watch, one more sighting of what has not changed, ${engine}`, measured: bytes },
    bar: { kind: 'at most', value: 150, unit: ' bytes' },
    detail: `${formatAmount(perSecond)} sightings a second recorded, 100 in a transaction`,
  };
}

/** The slower of a usual sighting and an attack. */
function measureClassification(): Measurement {
  const attack = { facts: { signatures: [keyless(stranger)], provenance: [] } };
  const rates = [sightingOf({}), sightingOf(attack)].map(measureRate);
  return {
    ...{ name: 'watch, fact sets classified a second and thread', measured: Math.min(...rates) },
    bar: { kind: 'at least', value: 20_000, unit: '' },
    detail: `${rates.map(formatAmount).join(' usual, ')} attacks`,
  };
}

function measureRate(sighting: Sighting): number {
  const count = 50_000;
  for (let warm = 0; warm < count; warm += 1) classify(sighting);
  const started = performance.now();
  for (let at = 0; at < count; at += 1) classify(sighting);
  return (count * 1000) / (performance.now() - started);
}

async function measureYears(): Promise<readonly Measurement[]> {
  const installation = await install({ SIGNPOST_OUTGOING: 'off' });
  try {
    fillWatch(installation.dataDir, years);
    const server = await startServer(installation);
    const { email, password } = installation.admin;
    const operator = await signIn(server.base, email, password);
    const asked = performance.now();
    const { sources } = await operator.call('GET', '/api/watch/sources');
    const listMs = performance.now() - asked;
    if (sources.length !== pageSize) throw new Error(`expected ${pageSize} sources, got ${sources.length}`);
    const { now } = await readMemory({ installation, server, operator });
    await server.stop();
    const what = `${formatAmount(years.sources)} sources and ${formatAmount(years.sources * years.sightings)} sightings`;
    return [
      {
        ...{ name: `watch, start with ${what}`, measured: server.startMs / 1000 },
        bar: { kind: 'at most', value: 5, unit: ' s' },
        detail: `${pageSize} sources listed in ${formatAmount(listMs)} ms`,
      },
      {
        ...{ name: `watch, memory of a server with ${what}`, measured: now },
        bar: { kind: 'at most', value: 300, unit: ' MiB' },
        detail: 'resident, after the first listing',
      },
    ];
  } finally {
    await installation.remove();
  }
}
