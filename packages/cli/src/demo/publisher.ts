/** The publisher's half of the demo: offline root, server, project, releases, by the commands that a user types. */

import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { textOf } from '../http/answer.ts';
import { packProtocol } from './artifact.ts';
import type { Shell } from './shell.ts';

/** Where the demo keeps things. */
export interface DemoFolder {
  readonly dir: string;
  readonly dataDir: string;
  readonly rootDir: string;
  readonly passwordFile: string;
  readonly passphraseFile: string;
}

/** A server that runs, and what opens it. */
export interface DemoServer {
  readonly base: string;
  readonly apiKey: string;
  /** A file with the key, for shells that must not have it in their history. */
  readonly apiKeyFile: string;
  readonly admin: { readonly email: string; readonly password: string };
  stop(): Promise<void>;
}

const adminEmail = 'admin@example.org';

/** The project of the demo. */
export const project = 'signpost-protocol';

/** Makes the folders, and secrets in files that only this user may read. */
export async function createDemoFolder(parent: string | undefined): Promise<DemoFolder> {
  const dir = parent ?? (await mkdtemp(join(tmpdir(), 'signpost-demo-')));
  const folder = {
    dir,
    dataDir: join(dir, 'server'),
    rootDir: join(dir, 'offline-root'),
    passwordFile: join(dir, 'password'),
    passphraseFile: join(dir, 'root-passphrase'),
  };
  await mkdir(dir, { recursive: true, mode: 0o700 });
  for (const path of [folder.passwordFile, folder.passphraseFile]) {
    await writeFile(path, `${randomBytes(18).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  }
  return folder;
}

/** Makes the data folder by `signpost init` and starts `signpost serve`; further commands of the shell go to this server. */
export async function startDemoServer(shell: Shell, folder: DemoFolder): Promise<DemoServer> {
  const { passwordFile } = folder;
  const apiKeyFile = join(folder.dir, 'api-key');
  const initialised = await shell.run([
    ...['init', '--email', adminEmail, '--organisation', 'Demo'],
    ...['--password-file', passwordFile, '--master-password-file', passwordFile],
  ]);
  const apiKey = textOf(initialised, 'api_key');
  await writeFile(apiKeyFile, `${apiKey}\n`, { mode: 0o600 });
  const { first, stop } = await shell.start(['serve']);
  const base = textOf(first, 'base');
  shell.use({ SIGNPOST_SERVER: base, SIGNPOST_API_KEY: apiKey });
  const [password = ''] = (await readFile(passwordFile, 'utf8')).split('\n', 1);
  return { base, apiKey, apiKeyFile, admin: { email: adminEmail, password }, stop };
}

/** Packs, uploads and activates one version. */
export async function releaseVersion(shell: Shell, { dir, version }: { dir: string; version: string }): Promise<void> {
  const path = join(dir, `protocol-${version}.zip`);
  await packProtocol(path, version);
  await shell.run(['release', 'upload', path, '--project', project, '--release', version]);
  await shell.run(['release', 'activate', version, '--project', project]);
}

/** Makes a server key, has the offline root list it (and revoke `revoke`), and brings it into force. Returns its id. */
export async function installServerKey(
  shell: Shell,
  folder: DemoFolder,
  { label, pin, revoke }: { label: string; pin?: string; revoke?: string },
): Promise<string> {
  const keyFile = join(folder.dir, `${label}.json`);
  const list = join(folder.dir, `trust-${label}.json`);
  const key = await shell.run(['key', 'create', '--label', label]);
  await writeFile(keyFile, JSON.stringify(key));
  await shell.run(['root', 'add-key', '--dir', folder.rootDir, '--key', keyFile]);
  if (revoke !== undefined)
    await shell.run(['root', 'revoke-key', revoke, '--dir', folder.rootDir, '--reason', 'the demo plays a theft']);
  await shell.run(['root', 'sign', '--dir', folder.rootDir, '--out', list, '--passphrase-file', folder.passphraseFile]);
  await shell.run(['trust', 'import', list, ...(pin === undefined ? [] : ['--pin', pin])]);
  const keyId = textOf(key, 'key_id');
  await shell.run(['key', 'activate', keyId]);
  return keyId;
}
