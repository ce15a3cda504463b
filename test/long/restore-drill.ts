/**
 * 10,000 certificates and 2,000 releases, or as many as are named, backed up, restored on PostgreSQL, backed up there and
 * restored on SQLite, each looked at: `node -C @signpost/source test/long/restore-drill.ts 100 20`. Minutes; not part of
 * `npm test`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'node:process';
import type { InspectionReport } from '../../packages/server/src/backup/inspect.ts';
import { drillBackup, makeBackup, restoreBackup } from '../../packages/server/src/backup/offline.ts';
import { issueCertificate } from '../../packages/server/src/pki/certificates/issue.ts';
import { backUp, inspectFolder } from '../../packages/server/test/backup/scene.ts';
import { askFor } from '../../packages/server/test/pki/certificates/desk.ts';
import { pkiSceneOf } from '../../packages/server/test/pki/scene.ts';
import {
  addStoredDraft,
  openPlanesScene,
  openShop,
  type PlanesScene,
} from '../../packages/server/test/planes-scene.ts';
import { findPostgres, startPostgres } from '../../packages/server/test/storage/postgres-server.ts';

const [certificates, releases] = [Number(argv[2] ?? 10_000), Number(argv[3] ?? 2000)];
const atOnce = 200;
const closers: (() => unknown)[] = [];
const folder = await mkdtemp(join(tmpdir(), 'signpost-drill-'));
const quiet = { opener: {}, otherVault: false, report: () => undefined };

/** Says how long it took. */
async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  console.log(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return result;
}

async function fill(scene: PlanesScene): Promise<void> {
  const { projectId, key } = await openShop(scene);
  for (let index = 1; index < releases; index += 1) {
    const version = `2.0.${index}`;
    await addStoredDraft(scene, { projectId, version });
    const { status } = await scene.ask('POST', `/api/projects/rocket/releases/${version}/activate`, { as: key });
    if (status !== 200) throw new Error(`expected ${version} to be activated, got ${status}`);
  }
  const pki = pkiSceneOf(scene.home);
  await pki.createRoot();
  await pki.createIntermediate();
  const wish = { authority: 'issuing', profile: 'server', source: 'request' } as const;
  const request = await askFor();
  for (let issued = 2; issued < certificates; issued += atOnce) {
    const count = Math.min(atOnce, certificates - issued);
    const issue = () => issueCertificate(pki.parts, pki.caller, { ...wish, key: { kind: 'request', request } });
    await Promise.all(Array.from({ length: count }, issue));
  }
}

function judge(where: string, report: InspectionReport): boolean {
  const whole =
    report.findings.length === 0 &&
    report.certificates >= certificates &&
    report.manifests === releases &&
    report.files === releases;
  const counts = `${report.certificates} certificates, ${report.manifests} manifests, ${report.files} files, ${report.auditRows} audit rows`;
  console.log(`${whole ? 'whole ' : 'BROKEN'} ${where}: ${counts}`);
  for (const finding of report.findings.slice(0, 20)) console.log(`FOUND ${finding}`);
  return whole;
}

try {
  const bin = findPostgres();
  if (bin === undefined) throw new Error('expected PostgreSQL to be installed');
  const scene = await openPlanesScene({ after: (close) => closers.push(close as () => unknown) });
  await timed('filled', () => fill(scene));
  const first = await timed('backed up on SQLite', () => backUp(scene, folder));
  const at = Date.parse(first.manifest.made_at);
  const whole = [judge('the drill', await timed('drill', () => drillBackup({}, first.path, quiet)))];

  const onPostgres = { dataDir: join(folder, 'on-postgres'), databaseUrl: await startPostgres(bin) };
  const environment = { SIGNPOST_DATA: onPostgres.dataDir, SIGNPOST_DATABASE: onPostgres.databaseUrl };
  await timed('restored on PostgreSQL', () => restoreBackup(environment, first.path, quiet));
  whole.push(judge('PostgreSQL', await inspectFolder(onPostgres, at)));
  const second = await timed('backed up on PostgreSQL', () =>
    makeBackup(environment, { lock: {}, report: quiet.report }),
  );

  const onSqlite = { dataDir: join(folder, 'on-sqlite'), databaseUrl: undefined };
  await timed('restored on SQLite', () => restoreBackup({ SIGNPOST_DATA: onSqlite.dataDir }, second.path, quiet));
  whole.push(judge('SQLite', await inspectFolder(onSqlite, at)));
  process.exitCode = whole.every(Boolean) ? 0 : 1;
} finally {
  for (const close of closers.reverse()) await close();
  await rm(folder, { recursive: true, force: true });
}
