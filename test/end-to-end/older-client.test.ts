/** The client of the older format, in PHP and written against the compatibility rules alone, works against the real server. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findMissing, runProgram } from '../peers/programs.ts';
import { OfflineRoot } from '../programs/offline-root.ts';
import { type Operator, signIn } from '../programs/operator.ts';
import { activateRelease, createSigningKey, importList, pinRoot, uploadRelease } from '../programs/publisher.ts';
import { install, startServer } from '../programs/server.ts';

const missing = findMissing('php', ['-r', 'exit(extension_loaded("sodium") ? 0 : 1);'], 'php-cli with sodium');
const program = join(import.meta.dirname, '../peers/older-client.php');

async function publish(operator: Operator, version: string): Promise<void> {
  const bytes = new TextEncoder().encode(`release ${version}\n`);
  await uploadRelease(operator, { project: 'acme-app', version, name: `acme-${version}.txt`, bytes });
  await activateRelease(operator, 'acme-app', version);
}

test('an older client installs, updates, and refuses once the key is revoked', {
  skip: missing,
  timeout: 290_000,
}, async (t) => {
  const installation = await install();
  const server = await startServer(installation);
  const folder = await mkdtemp(join(tmpdir(), 'signpost-older-'));
  t.after(async () => {
    await server.stop();
    await installation.remove();
    await rm(folder, { recursive: true });
  });
  const operator = await signIn(server.base, installation.admin.email, installation.admin.password);
  const root = await OfflineRoot.create();
  const key = await pinRoot(operator, root);
  const name = { en: 'Acme', de: 'Ächme/Straße' };
  await operator.call('POST', '/api/projects', { slug: 'acme-app', name, accepted_types: ['any'] });
  const run = async () => {
    const { output } = await runProgram('php', [
      program,
      server.base,
      root.pubkeyB64,
      'acme-app',
      join(folder, 'state.json'),
    ]);
    return JSON.parse(output) as Record<string, unknown>;
  };
  assert.equal((await run()).installed, undefined, 'no release is no update, and no failure');
  await publish(operator, '1.0.0');
  assert.deepEqual(await run(), { installed: '1.0.0', counter: 1 });
  assert.deepEqual(await run(), { current: '1.0.0' });
  await publish(operator, '1.1.0');
  assert.deepEqual(await run(), { installed: '1.1.0', counter: 2 });
  const next = await createSigningKey(operator);
  await importList(operator, (await root.signNextList({ valid: [next], revoked: [key] })).envelope);
  assert.ok('refused' in (await run()), 'nothing that the old key signed is accepted any more');
  await operator.call('POST', `/api/signing-keys/${next.key_id}/activate`);
  await publish(operator, '1.2.0');
  const { installed } = await run();
  assert.equal(installed, '1.2.0');
});
