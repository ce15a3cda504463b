/** The transparency log over kills and a full disk: one log, which goes on from what everybody saw, and a file beside the database that never stands in its way. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { askCommand } from '../programs/command.ts';
import { OfflineRoot } from '../programs/offline-root.ts';
import { CallError, createOperator, type Operator, signIn } from '../programs/operator.ts';
import { activateRelease, createProject, pinRoot, uploadRelease } from '../programs/publisher.ts';
import { type Installation, install, type RunningServer, startServer } from '../programs/server.ts';
import { createSmallDisk } from '../programs/small-disk.ts';

const skip = process.platform === 'linux' ? false : 'a full disk is made by mount or prlimit, of Linux';

test('a server that is killed between what it signed and the file that remembers it goes on with its log', async (t) => {
  const installation = await install();
  t.after(() => installation.remove());
  const { server, operator } = await begin(t, installation);
  const file = join(installation.dataDir, 'log-checkpoint');
  await waitForFile(file);
  const remembered = await readFile(file, 'utf8');
  await publish(operator, '1.0.0');
  const watch = openWatch(installation);
  await watch(server.base);
  const signed = await readCheckpoint(server.base);
  await server.kill();
  // The state of a kill before the rename, whichever was in the file by then.
  await writeFile(file, remembered);
  await writeFile(`${file}.new`, signed.slice(0, 20));

  const again = await restart(t, installation);
  await publish(createOperator(again.base, operator.headers), '2.0.0');
  await watch(again.base);
  await assertOneLog(again, operator);
  await waitFor(async () => (await readFile(file, 'utf8')) !== remembered);
});

test('over a full disk and a kill on it the log goes on, and nobody is shown another one', { skip }, async (t) => {
  const disk = await createSmallDisk();
  t.after(() => disk.remove());
  const installation = await install({ SIGNPOST_DATA: `${disk.dir}/data` });
  t.after(() => installation.remove());
  const { server, operator } = await begin(t, installation);
  await waitForFile(join(installation.dataDir, 'log-checkpoint'));
  await publish(operator, '1.0.0');
  const watch = openWatch(installation);
  await watch(server.base);

  const pid = server.process.pid ?? 0;
  disk.fill(pid);
  await assert.rejects(publishUntilRefused(operator), (error) => error instanceof CallError && error.status === 503);
  await watch(server.base);
  await server.kill();
  disk.clear(pid);

  const again = await restart(t, installation);
  await publish(createOperator(again.base, operator.headers), '9.0.0');
  await watch(again.base);
  await assertOneLog(again, operator);
});

/** A server with a root, a project and a log. */
async function begin(t: TestContext, installation: Installation) {
  const server = await startServer(installation);
  t.after(() => server.kill());
  const operator = await signIn(server.base, installation.admin.email, installation.admin.password);
  await pinRoot(operator, await OfflineRoot.create());
  await createProject(operator, 'alpha');
  return { server, operator };
}

async function restart(t: TestContext, installation: Installation): Promise<RunningServer> {
  const server = await startServer(installation);
  t.after(() => server.kill());
  return server;
}

async function publish(operator: Operator, version: string): Promise<void> {
  await uploadRelease(operator, { project: 'alpha', version, name: 'app.bin', bytes: randomBytes(1000) });
  await activateRelease(operator, 'alpha', version);
}

/** Signs for as long as there is room. */
async function publishUntilRefused(operator: Operator): Promise<never> {
  for (let patch = 1; ; patch += 1) await publish(operator, `1.1.${patch}`);
}

/** Whoever reads the log elsewhere, and holds each checkpoint against the one before; rejects for another history. */
function openWatch({ folder }: Installation): (base: string) => Promise<void> {
  let key: string | undefined;
  return async (base) => {
    const { log } = (await (await fetch(`${base}/api/signing/pubkey`)).json()) as { log: { verifier_key: string } };
    key ??= log.verifier_key;
    const seen = ['--since', join(folder, 'seen'), '--state', join(folder, 'state')];
    await askCommand(['log', 'verify', '--log', key, '--server', base, ...seen]);
  };
}

async function readCheckpoint(base: string): Promise<string> {
  return (await fetch(`${base}/log/checkpoint`)).text();
}

async function assertOneLog({ base }: RunningServer, { headers }: Operator): Promise<void> {
  const operator = createOperator(base, headers);
  const { events } = await operator.call('GET', '/api/audit?action=log.ended');
  assert.deepEqual(events, []);
  const { findings } = await operator.call('GET', '/api/doctor');
  const codes = findings.map(({ code }: { code: string }) => code);
  assert.ok(!codes.includes('log-damaged') && !codes.includes('audit-head-lost'), codes.join());
}

function waitForFile(path: string): Promise<void> {
  return waitFor(async () => existsSync(path));
}

async function waitFor(isThere: () => Promise<boolean>): Promise<void> {
  while (!(await isThere())) await delay(50);
}
