/** The client of the older catalogue, in another language, takes modules from the real server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chooseFreePort } from '../../packages/protocol/test/free-port.ts';
import { OfflineRoot } from '../programs/offline-root.ts';
import { signIn } from '../programs/operator.ts';
import { activateRelease, pinRoot, uploadRelease } from '../programs/publisher.ts';
import { install, startServer } from '../programs/server.ts';
import { findMissing, runProgram } from './programs.ts';

const missing = findMissing('php', ['-r', 'exit(extension_loaded("sodium") ? 0 : 1);'], 'php-cli with sodium');
const program = fileURLToPath(new URL('older-catalogue.php', import.meta.url));

test('a client of the older catalogue takes what the server offers, and nothing once it is withdrawn', {
  skip: missing,
}, async (t) => {
  const port = await chooseFreePort();
  // Without it the addresses of files are relative, which clients of the older catalogue do not know.
  const installation = await install({ SIGNPOST_BASE_URL: `http://127.0.0.1:${port}` });
  t.after(() => installation.remove());
  const server = await startServer(installation, port);
  t.after(() => server.stop());
  const operator = await signIn(server.base, installation.admin.email, installation.admin.password);
  const root = await OfflineRoot.create();
  await pinRoot(operator, root);
  await operator.call('POST', '/api/collections', { slug: 'addons' });
  const facts = { slug: 'maps', name: { en: 'Maps', de: 'Karten' }, trust_level: 'official', accepted_types: ['any'] };
  await operator.call('POST', '/api/collections/addons/modules', facts);
  const take = async (pinned = root.pubkeyB64) => {
    const { output } = await runProgram('php', [program, server.base, pinned, 'addons', 'maps']);
    return JSON.parse(output) as Record<string, unknown>;
  };
  const release = async (version: string) => {
    const bytes = new TextEncoder().encode(`maps ${version}\n`);
    await uploadRelease(operator, { project: 'maps', version, name: 'maps.bin', bytes });
    await activateRelease(operator, 'maps', version);
  };
  await release('1.0.0');
  assert.deepEqual(await take(), { installed: '1.0.0', name: 'Maps', trust_level: 'official' });
  await release('1.1.0');
  assert.equal((await take()).installed, '1.1.0');
  const stranger = await take((await OfflineRoot.create()).pubkeyB64);
  assert.equal(stranger.installed, undefined);
  assert.match(String(stranger.refused), /trust/);
  await operator.call('POST', '/api/projects/maps/releases/1.1.0/withdraw', { reason: 'loses the way' });
  assert.equal((await take()).installed, undefined);
});
