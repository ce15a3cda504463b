/** Debian's docker-registry (distribution 2.8) on loopback, with a password; nothing can be deleted in it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '../../../protocol/test/wait-until.ts';
import type { Ending } from './run.ts';

const program = '/usr/bin/docker-registry';
// bcrypt of it, at the least cost.
const [password, passwordHash] = [
  'a registry password',
  '$2b$04$5qD01XGFvneMvi8oBId5DOFquleRJmPrbZpojToUEVA93AgrGvRLC',
];

/** Why its tests are skipped; `false` on machines where it must be there. */
export const missing: string | false =
  existsSync(program) || process.env.CI === 'true'
    ? false
    : 'docker-registry is not installed (scripts/install-services)';

/** Starts it at `host` and gives the text of a `config.json` with its password. */
export async function startDockerRegistry(t: Ending, host: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-registry-'));
  await writeFile(join(folder, 'htpasswd'), `reader:${passwordHash}\n`);
  const config = join(folder, 'config.yml');
  const settings = {
    ...{ version: 0.1, log: { level: 'error', accesslog: { disabled: true } }, http: { addr: host } },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    auth: { htpasswd: { realm: 'tests', path: join(folder, 'htpasswd') } },
  };
  await writeFile(config, JSON.stringify(settings));
  const child = spawn(program, ['serve', config], { stdio: 'ignore', env: {} });
  t.after(async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  await waitUntil('docker-registry to answer', () =>
    fetch(`http://${host}/v2/`).then(
      ({ status }) => status === 401,
      () => false,
    ),
  );
  return JSON.stringify({ auths: { [host]: { auth: Buffer.from(`reader:${password}`).toString('base64') } } });
}
