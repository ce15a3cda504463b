/** The README's session is what the demo prints, its commands do what they say, and its links lead somewhere. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { askCommand } from '../programs/command.ts';
import { installByCommand, startServer } from '../programs/server.ts';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

test('the README stays under 120 lines', () => {
  assert.ok(readme.split('\n').length <= 120);
});

test('every link of the README leads to a file', () => {
  const targets = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, target = '']) => target);
  assert.ok(targets.length > 5);
  for (const target of targets) assert.ok(existsSync(join(root, target)), `${target} is missing`);
});

test('every npm script that the README names exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const names = [...readme.matchAll(/npm (?:run ([a-z]+)|(test))/g)].map(([, script, word]) => script ?? word ?? '');
  assert.ok(names.includes('demo') && names.includes('test'));
  for (const name of names) assert.ok(scripts[name], `there is no script ${name}`);
});

test('npm run demo -- --once prints the session of the README', { timeout: 290_000 }, async (t) => {
  const printed = await runDemo(t);
  const [, session = ''] = /```text\n([\s\S]*?)```/.exec(readme) ?? [];
  const expected = session
    .trim()
    .split('\n')
    .filter((line) => line !== '');
  assert.ok(expected.length > 30);
  let from = 0;
  for (const line of expected) {
    const pattern = new RegExp(`^${line.split('…').map(escapePattern).join('.+')}$`);
    const found = printed.findIndex((candidate, index) => index >= from && pattern.test(candidate));
    assert.notEqual(found, -1, `the demo does not print, after line ${from}: ${line}`);
    from = found + 1;
  }
});

test('the commands of the README make an authority, a certificate, a directory and a backup that restores', async (t) => {
  const installation = await installByCommand();
  t.after(() => installation.remove());
  const server = await startServer(installation);
  t.after(() => server.stop());
  const { folder, variables, apiKey } = installation;
  for (const name of ['root-passphrase', 'backup-passphrase'])
    await writeFile(join(folder, name), 'many words that nobody guesses\n', { mode: 0o600 });
  const caller = { ...variables, SIGNPOST_SERVER: server.base, SIGNPOST_API_KEY: apiKey };
  await writeEvidence(folder);
  const sessions = [...readme.matchAll(/```console\n([\s\S]*?)```/g)].map(([, session = '']) => session);
  const lines = sessions.flatMap((session) => session.trim().split('\n'));
  assert.ok(lines.length > 9);
  for (const line of lines) {
    const words = splitLine(line).map((word) => placeIn(folder, word));
    assert.equal(words.shift(), 'signpost', line);
    await askCommand([...words, '--yes'], caller);
  }
  assert.match(readFileSync(join(folder, 'www/cert.pem'), 'utf8'), /^-----BEGIN CERTIFICATE-----/);
});

/** A bundle of the public suite, what it signs, and policies that name its signer. */
async function writeEvidence(folder: string): Promise<void> {
  const suite = process.env.SIGNPOST_CONFORMANCE ?? join(root, '..', 'shared', 'conformance');
  const signer = readFileSync(join(suite, 'sigstore/bundle-verify/happy-path-v0.3/bundle.sigstore.json'));
  const identities = [
    '  - issuer: https://token.actions.githubusercontent.com',
    '    subject: https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main',
  ];
  await writeFile(join(folder, 'app.sigstore.json'), signer);
  await writeFile(join(folder, 'app.txt'), readFileSync(join(suite, 'sigstore/bundle-verify/a.txt')));
  await writeFile(
    join(folder, 'trusted_root.json'),
    readFileSync(join(suite, 'sigstore/trusted_root.public-good.json')),
  );
  await writeFile(join(folder, 'signers.yaml'), ['identities:', ...identities, ''].join('\n'));
  const indented = identities.map((line) => `  ${line}`);
  await writeFile(
    join(folder, 'policy.yaml'),
    ['policy: 1', 'signature:', '  identities:', ...indented, ''].join('\n'),
  );
}

/** The words of a line after its prompt, as a shell splits them. */
function splitLine(line: string): string[] {
  return [...line.replace(/^\$ /, '').matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

/** A word with its place: `./file` lies in `folder`, and `…` stands for whatever the name has there. */
function placeIn(folder: string, word: string): string {
  if (!word.startsWith('./')) return word;
  const [found] = word.includes('…') ? globSync(word.replace('…', '*'), { cwd: folder }) : [word];
  assert.ok(found, `nothing is called ${word}`);
  return join(folder, found);
}

async function runDemo(t: { after: (clean: () => Promise<void>) => void }): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-readme-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const child = spawn('npm', ['run', '--silent', 'demo', '--', '--once', '--dir', join(folder, 'demo')], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SIGNPOST_CLAMD: join(folder, 'no-clamd') },
  });
  let output = '';
  let problems = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    problems += chunk;
  });
  const exitCode = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(exitCode, 0, problems);
  return output.split('\n');
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
