/** `signpost demo`: a release from upload to verified download, and four attacks refused, by the real programs. */
import type { CommandSpec, Invocation } from '../command.ts';
import { textOf } from '../http/answer.ts';
import { Failure } from '../terminal/failure.ts';
import { type Check, formatCheck } from './checks.ts';
import { createDemoClient } from './client.ts';
import {
  createDemoFolder,
  type DemoFolder,
  type DemoServer,
  installServerKey,
  project,
  releaseVersion,
  startDemoServer,
} from './publisher.ts';
import { Shell } from './shell.ts';
import { isListening } from './socket.ts';

/** `signpost demo`. */
export const demo: CommandSpec = {
  words: 'demo',
  summary: 'Show a whole release: sign, publish, verify, refuse four attacks; then leave the server running',
  details: [
    'Makes a data folder and, apart from it, an offline root, in a new temporary folder unless --dir names one. Each command that it runs is printed and can be typed by hand.',
    'With --json, one JSON line is printed when all is ready, and the server runs until a signal comes.',
  ],
  options: [
    { flags: '--once', text: 'end the server when all was shown' },
    { flags: '--dir <folder>', text: 'where to put everything; must not hold a demo yet' },
  ],
  examples: ['signpost demo', 'signpost demo --once', 'signpost demo --json'],
  run: runDemo,
};

async function runDemo(invocation: Invocation): Promise<undefined> {
  const { output, options } = invocation;
  const folder = await createDemoFolder(options.text('dir'));
  const shell = createShell(invocation, folder);
  if (!(await isListening(invocation.environment.variables.SIGNPOST_CLAMD ?? defaultClamd)))
    shell.use({ SIGNPOST_SCAN: 'off' });
  output.say(`Everything lies in ${folder.dir}`);
  const server = await startDemoServer(shell, folder);
  try {
    const { rootPublicKey, checks } = await showRelease(invocation, { shell, folder, server });
    if (checks.some(({ result }) => result === 'failed')) throw new Failure('refused', 'a check of the demo failed');
    const ready = describeReady({ folder, server, rootPublicKey, checks });
    output.answer({
      document: ready,
      lines: options.flag('once') ? ['', 'Every check held.'] : howToGoOn(server, rootPublicKey),
    });
    if (!options.flag('once')) await invocation.interrupted();
  } finally {
    await server.stop();
  }
}

function createShell({ environment, output }: Invocation, folder: DemoFolder): Shell {
  return new Shell({
    program: environment.program,
    variables: {
      ...environment.variables,
      SIGNPOST_DATA: folder.dataDir,
      SIGNPOST_VAULT_PASSWORD_FILE: folder.passwordFile,
      SIGNPOST_LISTEN: '127.0.0.1:0',
      SIGNPOST_LOG_LEVEL: 'error',
      XDG_CONFIG_HOME: folder.dir,
    },
    show: (line) => output.say(line.replaceAll(folder.dir, '.')),
  });
}

/** Where clamd listens on Debian, and where the server looks for it unless told otherwise. */
const defaultClamd = '/run/clamav/clamd.ctl';

interface Stage {
  readonly shell: Shell;
  readonly folder: DemoFolder;
  readonly server: DemoServer;
}

/** Publishes 1.0.0, rotates the server's key, publishes 1.1.0 and 1.2.0; an attacker listens and then tries to replay. */
async function showRelease(
  invocation: Invocation,
  stage: Stage,
): Promise<{ rootPublicKey: string; checks: readonly Check[] }> {
  const { output } = invocation;
  const { shell, folder, server } = stage;
  const say = (line: string) => output.say(line);
  const release = (version: string) => releaseVersion(shell, { dir: folder.dir, version });
  const root = await shell.run([
    'root',
    'init',
    '--dir',
    folder.rootDir,
    '--label',
    'demo',
    '--passphrase-file',
    folder.passphraseFile,
  ]);
  const rootPublicKey = textOf(root, 'pubkey_b64');
  const firstKey = await installServerKey(shell, folder, { label: 'first', pin: rootPublicKey });
  await shell.run(['project', 'create', project, '--name', 'Signpost protocol']);
  await release('1.0.0');
  const client = createDemoClient(invocation, {
    base: server.base,
    rootPublicKey,
    report: (check) => say(formatCheck(check)),
  });
  say('\nA client that has pinned the root installs 1.0.0:');
  await client.update(undefined);
  const before = await client.overhear();
  say('\nThe key of the server is rotated and the old one revoked; two more versions follow:');
  await installServerKey(shell, folder, { label: 'second', revoke: firstKey });
  await release('1.1.0');
  const { manifest: olderManifest } = await client.overhear();
  await release('1.2.0');
  say('\nThe client updates:');
  await client.update('1.0.0');
  say('\nFour attacks on this client, each with answers that were honest once:');
  await client.attack({ trust: before.trust, revokedManifest: before.manifest, olderManifest });
  say(await describeScan(invocation, server));
  return { rootPublicKey, checks: client.checks };
}

/** Says plainly whether a scanner looked at the files. */
async function describeScan({ fetch }: Invocation, { base }: DemoServer): Promise<string> {
  const response = await fetch(`${base}/api/projects/${project}/latest`);
  const latest = (await response.json()) as { scan_status?: string; scanner_name?: string; scanner_version?: string };
  if (latest.scan_status === 'clean')
    return `\nMalware scan: clean, by ${latest.scanner_name ?? 'a scanner'} ${latest.scanner_version ?? ''}. The signed manifest says so.`;
  return '\nMalware scan: none, because no clamd answers here. The signed manifest says so, too.';
}

function describeReady({
  folder,
  server,
  rootPublicKey,
  checks,
}: Omit<Stage, 'shell'> & { rootPublicKey: string; checks: readonly Check[] }) {
  return {
    base: server.base,
    root_pubkey_b64: rootPublicKey,
    project,
    channel: 'stable',
    data_dir: folder.dataDir,
    root_dir: folder.rootDir,
    api_key: server.apiKey,
    admin: { ...server.admin },
    checks: checks.map((check) => ({ ...check })),
  };
}

function howToGoOn({ base, admin, apiKeyFile }: DemoServer, rootPublicKey: string): readonly string[] {
  return [
    '',
    `Every check held. The server runs at ${base} until you press Ctrl-C. To go on, in another terminal:`,
    `  curl ${base}/api/projects/${project}/manifest`,
    `  open ${base}/${project}/info and ${base}/api/docs`,
    `  npm run signpost -- check ${project} --server ${base} --root ${rootPublicKey}`,
    `  export SIGNPOST_SERVER=${base} SIGNPOST_API_KEY="$(cat ${apiKeyFile})"; npm run signpost -- doctor`,
    `  the admin is ${admin.email}; the password stands in the file password beside the data folder`,
  ];
}
