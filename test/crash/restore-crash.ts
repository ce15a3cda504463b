/** Kills backups, restores and the swap of two states, again and again at random moments, and judges what is left. */
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { askCommand, startCommand } from '../programs/command.ts';
import { OfflineRoot } from '../programs/offline-root.ts';
import { type Operator, signIn } from '../programs/operator.ts';
import { activateRelease, createProject, pinRoot, uploadRelease } from '../programs/publisher.ts';
import { type Installation, install, startServer } from '../programs/server.ts';

/** How a run went. */
export interface RestoreCrashReport {
  readonly findings: readonly string[];
  /** How often each state was in force after a kill. */
  readonly seen: Readonly<Record<State, number>>;
}

type State = 'old' | 'new';

/** What goes on from one kill to the next. */
interface Siege {
  readonly installation: Installation;
  readonly archives: Readonly<Record<State, string>>;
  /** The longest that a restore is left alone: a little more than one takes on this machine. */
  readonly maxLifeMs: number;
}

/** Kills `kills` times; after each the server must serve the old state or the new one, whole. */
export async function crashRestores(kills: number, report: (line: string) => void): Promise<RestoreCrashReport> {
  const installation = await install();
  try {
    const siege = await prepare(installation);
    const findings: string[] = [];
    const seen = { old: 0, new: 0 };
    for (let kill = 1; kill <= kills; kill += 1) {
      const target: State = kill % 2 === 0 ? 'old' : 'new';
      const work = [killRestore, killRunningRestore, killBackup][kill % 3] ?? killRestore;
      await work(siege, target);
      const state = await judge(siege, findings);
      if (state) seen[state] += 1;
      report(`${kill} of ${kills}: ${work.name} to ${target} left ${state ?? 'neither'}`);
    }
    return { findings, seen };
  } finally {
    await installation.remove();
  }
}

/** Two states of one server: a release of `alpha`, and one of `beta` besides. */
async function prepare(installation: Installation): Promise<Siege> {
  const server = await startServer(installation);
  const operator = await enter(server.base, installation);
  await pinRoot(operator, await OfflineRoot.create());
  await publish(operator, 'alpha');
  await server.stop();
  const old = await backUp(installation);
  const again = await startServer(installation);
  await publish(await enter(again.base, installation), 'beta');
  await again.stop();
  const archives = { old, new: await backUp(installation) };
  const started = performance.now();
  await askCommand(wordsOf(installation, archives.old), installation.variables);
  return { installation, archives, maxLifeMs: Math.ceil(1.2 * (performance.now() - started)) };
}

async function publish(operator: Operator, project: string): Promise<void> {
  await createProject(operator, project);
  const bytes = new TextEncoder().encode(`the file of ${project}`.repeat(10_000));
  await uploadRelease(operator, { project, version: '1.0.0', name: `${project}.bin`, bytes });
  await activateRelease(operator, project, '1.0.0');
}

async function backUp({ dataDir, folder, variables }: Installation): Promise<string> {
  const words = ['backup', 'create', '--data', dataDir, '--out', folder, '--plain'];
  const { file } = (await askCommand(words, variables)) as { file: string };
  return file;
}

function wordsOf({ dataDir }: Installation, archive: string): string[] {
  return ['restore', archive, '--data', dataDir, '--yes'];
}

/** A restore of the folder, by the command. */
async function killRestore({ installation, archives, maxLifeMs }: Siege, target: State): Promise<void> {
  const child = startCommand(wordsOf(installation, archives[target]), installation.variables);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await Promise.race([ended, waitForMoment(installation, maxLifeMs)]);
  child.kill('SIGKILL');
  await ended;
}

/** Any moment, or one around the swap, which is short: it follows upon the staged database. */
async function waitForMoment({ dataDir }: Installation, maxLifeMs: number): Promise<void> {
  if (randomInt(3) === 0) return delay(randomInt(maxLifeMs));
  const staged = join(dataDir, 'restore', 'staged.db');
  for (let waited = 0; waited < 4 * maxLifeMs && !existsSync(staged); waited += 5) await delay(5);
  await delay(randomInt(maxLifeMs));
}

/** A restore of the running server: the process that answers is the one that is killed. */
async function killRunningRestore({ installation, archives, maxLifeMs }: Siege, target: State): Promise<void> {
  const server = await startServer(installation);
  const operator = await enter(server.base, installation);
  await operator.call('PUT', '/api/restore', new Uint8Array(await readFile(archives[target])));
  const restoring = operator
    .call('POST', '/api/restore', { password: installation.admin.password })
    .catch(() => undefined);
  await Promise.race([restoring, waitForMoment(installation, maxLifeMs)]);
  await server.kill();
  await restoring;
}

async function killBackup({ installation, maxLifeMs }: Siege): Promise<void> {
  const words = [
    'backup',
    'create',
    '--data',
    installation.dataDir,
    '--out',
    join(installation.dataDir, 'backups'),
    '--plain',
  ];
  const child = startCommand(words, installation.variables);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await delay(randomInt(maxLifeMs));
  child.kill('SIGKILL');
  await ended;
}

/** The state in force, or undefined with a finding; whatever was found lying about is one as well. */
async function judge(siege: Siege, findings: string[]): Promise<State | undefined> {
  const { installation } = siege;
  const server = await startServer(installation);
  try {
    const operator = await enter(server.base, installation);
    const { projects } = await operator.call('GET', '/api/projects');
    const slugs = projects.map(({ slug }: { slug: string }) => slug).sort();
    const state = { alpha: 'old', 'alpha beta': 'new' }[slugs.join(' ') as 'alpha'] as State | undefined;
    if (!state) findings.push(`expected a whole state, got the projects ${slugs.join(' ')}`);
    for (const slug of slugs) await fetchRelease(server.base, slug, findings);
    await operator.call('GET', '/api/audit/verify');
    const { findings: wrong } = await operator.call('GET', '/api/doctor');
    for (const { level, code } of wrong) if (level === 'error') findings.push(`signpost doctor says ${code}`);
    await judgeFolders(installation, findings);
    return state;
  } finally {
    await server.stop();
  }
}

/** A row without its file would show here. */
async function fetchRelease(base: string, slug: string, findings: string[]): Promise<void> {
  const file = await fetch(`${base}/${slug}/1.0.0`);
  const text = await file.text();
  if (file.status !== 200 || !text.startsWith(`the file of ${slug}`)) findings.push(`${slug} answers ${file.status}`);
}

/** Half a backup never bears the name of one, and what was left half done is gone once a server has started. */
async function judgeFolders({ dataDir, variables }: Installation, findings: string[]): Promise<void> {
  const left = await readdir(join(dataDir, 'restore')).catch(() => []);
  if (left.length > 0) findings.push(`expected nothing left of a restore, got ${left.join(' ')}`);
  const dir = join(dataDir, 'backups');
  if (!existsSync(dir)) return;
  for (const name of await readdir(dir)) {
    if (!name.startsWith('signpost-backup-')) findings.push(`expected nothing left of a backup, got ${name}`);
    else await askCommand(['backup', 'verify', join(dir, name)], variables);
    await rm(join(dir, name), { recursive: true, force: true });
  }
}

async function enter(base: string, { admin }: Installation): Promise<Operator> {
  return signIn(base, admin.email, admin.password);
}
