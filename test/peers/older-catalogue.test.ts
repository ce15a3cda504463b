/** A client of the older catalogue, in another language, takes modules from what we sign, and refuses what it can judge. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { type ReleaseServer, startReleaseServer } from '../../packages/protocol/test/client/release-server.ts';
import {
  catalogueEntry,
  fileBytes,
  rootA,
  serverKey,
  signCatalogue,
  signManifest,
  signTrust,
  strangerKey,
} from '../../packages/protocol/test/documents.ts';
import { findMissing, runProgram } from './programs.ts';

const missing = findMissing('php', ['-r', 'exit(extension_loaded("sodium") ? 0 : 1);'], 'php-cli with sodium');
const program = fileURLToPath(new URL('older-catalogue.php', import.meta.url));
let server: ReleaseServer;

before(async () => {
  server = await startReleaseServer();
  server.pages.set('/demo/1.2.0/demo.zip', fileBytes);
  server.pages.set('/api/signing/trust', await signTrust());
});
after(() => server.close());

async function offer(changes: SignableObject = {}, manifest = signManifest()): Promise<void> {
  const entry = await catalogueEntry({ download_url: `${server.base}/demo/1.2.0/demo.zip`, ...changes }, manifest);
  const text = await signCatalogue({ modules: [entry] });
  server.pages.set('/api/modules/addons', (response: ServerResponse) => {
    response.setHeader('ETag', '"one"');
    if (response.req.headers['if-none-match'] === '"one"') response.writeHead(304).end();
    else response.end(text);
  });
}

async function install(): Promise<Record<string, unknown>> {
  const { output } = await runProgram('php', [program, server.base, rootA.pubkeyB64, 'addons', 'demo']);
  return JSON.parse(output) as Record<string, unknown>;
}

test('a client of the older catalogue takes a module', { skip: missing }, async () => {
  await offer();
  assert.deepEqual(await install(), { installed: '1.2.0', name: 'Demo', trust_level: 'official' });
});

test('a client of the older catalogue is not held up by what we add', { skip: missing }, async () => {
  const changelog = { de: 'Über/Straße 😀', en: 'a "quoted"\n\tline' };
  await offer({ image_url: '/api/modules/addons/demo/icon' }, signManifest({ changelog, min_version: '1.0.0' }));
  assert.equal((await install()).installed, '1.2.0');
});

test('a client of the older catalogue refuses what it can judge', { skip: missing }, async () => {
  await offer({ signature: undefined });
  assert.deepEqual(await install(), { refused: 'module: unsigned' });
  await offer({}, signManifest({ key_id: strangerKey.keyId }, [strangerKey]));
  assert.deepEqual(await install(), { refused: 'module: bad signature' });
  await offer({ sha256: 'ab'.repeat(32) });
  assert.deepEqual(await install(), { refused: 'file: size or digest' });
  const revoked_keys = [{ key_id: serverKey.keyId, reason: 'stolen', revoked_at: '2027-01-14T00:00:00Z' }];
  server.pages.set('/api/signing/trust', await signTrust({ revoked_keys }));
  await offer();
  assert.deepEqual(await install(), { refused: 'module: key revoked' });
});
