/** A catalogue of 2,000 modules: served warm against `node:http` alone, unchanged to who has it, and made anew when one module changes. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemActor } from '../packages/server/src/audit/audit.ts';
import { createCatalogues } from '../packages/server/src/modules/catalogue/keeper.ts';
import { readServedCatalogue } from '../packages/server/src/modules/catalogue/publication.ts';
import { refreshCatalogues } from '../packages/server/src/modules/catalogue/refresh.ts';
import { changeModule } from '../packages/server/src/modules/members/module.ts';
import { openDatabase } from '../packages/server/src/storage/database/open.ts';
import type { Database } from '../packages/server/src/storage/database.ts';
import { Vault } from '../packages/server/src/vault/vault.ts';
import { addModule, keepWaiting, publish } from '../packages/server/test/modules/shop.ts';
import { silentLog } from '../packages/server/test/silent-log.ts';
import { OfflineRoot } from '../test/programs/offline-root.ts';
import { signIn } from '../test/programs/operator.ts';
import { pinRoot } from '../test/programs/publisher.ts';
import { type Installation, install, startServer } from '../test/programs/server.ts';
import { startBareServer } from './bare-peer.ts';
import { measureRequestsPerSecond, nameLoadGenerator } from './load.ts';
import { compareInRounds, formatAmount, type Measurement, quantile } from './measurement.ts';

const modules = 2_000;
const changes = 9;
const secondsPerRound = 3;
const path = '/api/modules/addons';

/** Measures serving by a server process, and changing in this one, on the same database. */
export async function measureCatalogue(): Promise<readonly Measurement[]> {
  const installation = await install();
  try {
    await openCollection(installation);
    const changing = await withDatabase(installation, measureChanges);
    const server = await startServer(installation);
    try {
      return [...(await measureServing(`${server.base}${path}`)), ...changing];
    } finally {
      await server.stop();
    }
  } finally {
    await installation.remove();
  }
}

async function openCollection(installation: Installation): Promise<void> {
  const server = await startServer(installation);
  const operator = await signIn(server.base, installation.admin.email, installation.admin.password);
  await pinRoot(operator, await OfflineRoot.create());
  await operator.call('POST', '/api/collections', { slug: 'addons' });
  await server.stop();
}

async function withDatabase<T>(
  { dataDir, admin }: Installation,
  work: (database: Database, vault: Vault) => Promise<T>,
): Promise<T> {
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: false });
  try {
    const vault = await Vault.open(database, Date.now);
    await vault.unlock(admin.password);
    return await work(database, vault);
  } finally {
    await database.close();
  }
}

/** Of one module, nine times: from the request to the signed catalogue, and from there to the buffer that is served. */
async function measureChanges(database: Database, vault: Vault): Promise<readonly Measurement[]> {
  const row = await database.query.selectFrom('organisation').select('id').executeTakeFirstOrThrow();
  const caller = { organisationId: row.id, actor: systemActor };
  const signing = { database, vault, now: Date.now, baseUrl: undefined };
  const evidence = { readTrustedRoots: async () => [], builders: [] };
  const dependencies = { ...signing, evidence, catalogues: createCatalogues(signing) };
  const log = silentLog;
  await fill({ dependencies, caller }, { ...dependencies, log, published: () => undefined });
  const signed: number[] = [];
  const read: number[] = [];
  let bytes = 0;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  for (let change = 0; change < changes; change++) {
    const description = { en: `Changed for the ${change + 1}th time.` };
    const name = { collection: 'addons', slug: nameModule(change * 200) };
    const started = performance.now();
    await changeModule(dependencies, caller, { name, change: { project: { description }, facts: {} } });
    const changed = performance.now();
    const { body } = await readServedCatalogue({ ...dependencies, log }, caller.organisationId, 'addons');
    bytes = body.length;
    signed.push(changed - started);
    read.push(performance.now() - changed);
  }
  delay.disable();
  const detail = `${modules} modules, ${formatAmount(bytes / 1e6)} MB, median of ${changes}`;
  const most = (value: number) => ({ kind: 'at most', value, unit: ' ms' }) as const;
  return [
    { name: 'one module changed, its catalogue signed', measured: quantile(signed, 0.5), bar: most(200), detail },
    { name: 'the catalogue read and judged for serving', measured: quantile(read, 0.5), bar: most(200), detail },
    { name: 'the longest block of the event loop meanwhile', measured: delay.max / 1e6, bar: most(50), detail },
  ];
}

async function fill(
  shop: Parameters<typeof keepWaiting>[0],
  parts: Parameters<typeof refreshCatalogues>[0],
): Promise<void> {
  const waiting = keepWaiting(shop);
  for (let index = 0; index < modules; index++) {
    const slug = nameModule(index);
    const projectId = await addModule(waiting, slug, { infoUrl: `https://modules.example/${slug}` });
    await publish(waiting, { slug, projectId });
  }
  await refreshCatalogues(parts);
  // Told to nobody: thousands of events would be worked off while the server is measured.
  const { database, now } = parts;
  await database.query.updateTable('outbox').set({ published_at: now() }).where('published_at', 'is', null).execute();
}

function nameModule(index: number): string {
  return `module-${String(index).padStart(4, '0')}`;
}

async function measureServing(url: string): Promise<readonly Measurement[]> {
  const bare = await startBareServer(url);
  try {
    const ours = () => measureRequestsPerSecond(url, secondsPerRound);
    const whole = await compareInRounds({
      rounds: 3,
      ours,
      peer: () => measureRequestsPerSecond(bare.url, secondsPerRound),
    });
    const etag = (await fetch(url)).headers.get('etag') ?? '';
    const unchanged = await compareInRounds({
      rounds: 3,
      ours: () => measureRequestsPerSecond(url, secondsPerRound, { 'If-None-Match': etag }),
      peer: ours,
    });
    const by = `by ${nameLoadGenerator()}`;
    return [
      {
        ...{ name: `catalogue of ${modules} modules, warm`, measured: whole.ratio },
        bar: { kind: 'at least', value: 0.9, unit: ' ×' },
        detail: `${formatAmount(whole.ours)} requests a second to node:http's ${formatAmount(whole.peer)}, ${by}`,
      },
      {
        ...{ name: 'the same, unchanged to who has it', measured: unchanged.ratio },
        bar: { kind: 'at least', value: 10, unit: ' ×' },
        detail: `304 ${formatAmount(unchanged.ours)} times a second to ${formatAmount(unchanged.peer)} whole ones, ${by}`,
      },
    ];
  } finally {
    bare.stop();
  }
}
