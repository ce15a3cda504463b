/** `signpost publisher …` and `signpost ci upload` against a real server and a real issuer: no key is stored anywhere. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { encodeZip } from '../../packages/cli/src/demo/zip.ts';
import { type Run, run } from '../../packages/cli/test/support/run.ts';
import { createRoot, installServerKey, startServer, type TestServer } from '../../packages/cli/test/support/server.ts';
import { audience, OidcIssuer } from '../../packages/server/test/evidence/publishers/issuer.ts';

const upload = ['ci', 'upload', 'app.zip', '--project', 'rocket', '--audience', audience, '--release'];

suite('signpost ci upload', () => {
  const closers: (() => unknown)[] = [];
  let server: TestServer;
  let issuer: OidcIssuer;
  after(async () => {
    for (const close of closers) await close();
  });

  before(async () => {
    issuer = await OidcIssuer.open(Date.now);
    closers.push(() => issuer.close());
    server = await startServer(
      { after: (close) => void closers.push(close as () => unknown) },
      { prepare: () => ({ SIGNPOST_OUTGOING_ADDRESSES: 'any', SIGNPOST_BASE_URL: audience }) },
    );
    await installServerKey(server, '*', await createRoot(server));
    await server.json('project', 'create', 'rocket', '--name', 'Rocket');
    await writeFile(join(server.cwd, 'app.zip'), encodeZip([{ name: 'readme.txt', bytes: Buffer.from('hello') }]));
  });

  /** A build has an empty home and what its platform gives it. */
  function build(words: readonly string[], variables: Readonly<Record<string, string>>): Promise<Run> {
    const env = { SIGNPOST_SERVER: server.base, XDG_CONFIG_HOME: join(server.cwd, 'build'), ...variables };
    return run(words, { cwd: server.cwd, env });
  }

  function add(...more: string[]): Promise<Record<string, unknown>> {
    const repository = ['--repository', 'acme/rocket', '--repository-id', '4711'];
    const workflow = ['--workflow', '.github/workflows/release.yml', '--issuer', issuer.url];
    return server.json(
      'publisher',
      'add',
      '--project',
      'rocket',
      '--platform',
      'github',
      ...repository,
      ...workflow,
      ...more,
    );
  }

  test('a build that nobody named is refused; a named one uploads and publishes', async () => {
    const refused = await build([...upload, '1.0.0'], issuer.buildVariables);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /not accepted for this project \[token-refused\]/);
    const added = await add('--ref-pattern', 'refs/tags/v*', '--environment', 'release', '--activate');
    assert.deepEqual(added.ref, { pattern: 'refs/tags/v*' });
    const done = await build([...upload, '1.0.0', '--activate'], issuer.buildVariables);
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stdout, /Release 1\.0\.0 of rocket is active/);
    const shown = await server.signpost('publisher', 'list', '--project', 'rocket');
    assert.match(shown.stdout, /acme\/rocket +4711 .*refs\/tags\/v\*/);
  });

  test('a token in a variable, as GitLab has it, is taken once', async () => {
    const variables = { SIGNPOST_ID_TOKEN: issuer.mint() };
    assert.equal((await build([...upload, '1.1.0'], variables)).code, 0);
    const again = await build([...upload, '1.2.0'], variables);
    assert.equal(again.code, 1);
    const { events } = await server.json('audit', 'list', '--action', 'publisher.refused', '--limit', '500');
    assert.match(JSON.stringify(events), /token-replayed/);
    assert.ok(!JSON.stringify(events).includes(variables.SIGNPOST_ID_TOKEN));
  });

  test('outside of a build, and where the platform gives nothing, there is a hint', async () => {
    const outside = await build([...upload, '1.2.0', '--json'], {});
    assert.equal(JSON.parse(outside.stdout).error.code, 'no-build-token');
    const other = { ...issuer.buildVariables, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'nobody' };
    const refused = await build([...upload, '1.2.0'], other);
    assert.match(refused.stderr, /expected a token from 127\.0\.0\.1:\d+, got status 500/);
    const wrong = await server.signpost('publisher', 'add', '--project', 'rocket', '--platform', 'github');
    assert.equal(wrong.code, 2);
  });

  test('a removed publisher is gone for its builds', async () => {
    const { publishers } = (await server.json('publisher', 'list', '--project', 'rocket')) as {
      publishers: { id: string }[];
    };
    for (const { id } of publishers) await server.json('publisher', 'remove', id, '--project', 'rocket');
    assert.equal((await build([...upload, '1.3.0'], issuer.buildVariables)).code, 1);
  });
});
