/** A client that knows only the older format, in another language, works against what we sign. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encodeCanonicalText, type SignableObject } from '@signpost/protocol/json/canonical';
import { parseSignableText } from '@signpost/protocol/json/parse';
import type { Signer } from '@signpost/protocol/keys/ed25519';
import { type ReleaseServer, startReleaseServer } from '../../packages/protocol/test/client/release-server.ts';
import {
  aliceKey,
  bobKey,
  fileBytes,
  rootA,
  rootB,
  serverKey,
  signManifest,
  signTrust as signTrustOf2027,
  strangerKey,
  trustedKeyEntry,
  trustedLogEntry,
} from '../../packages/protocol/test/documents.ts';
import { SmallLog } from '../../packages/protocol/test/tlog/small-log.ts';
import { findMissing, runProgram } from './programs.ts';

const missing = findMissing('php', ['-r', 'exit(extension_loaded("sodium") ? 0 : 1);'], 'php-cli with sodium');
const program = fileURLToPath(new URL('older-client.php', import.meta.url));
const manifestPath = '/api/projects/demo/manifest';
let server: ReleaseServer;
let folder: string;
let stateFile: string;
let runs = 0;

before(async () => {
  server = await startReleaseServer();
  folder = await mkdtemp(join(tmpdir(), 'signpost-older-'));
});
after(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  stateFile = join(folder, `state-${runs++}.json`);
  server.pages.clear();
  server.pages.set('/api/signing/trust', await signTrust());
  server.pages.set(manifestPath, await signManifest());
  server.pages.set('/demo/1.2.0/demo.zip', fileBytes);
});

/** The older client goes by the clock of its machine. */
function signTrust(changes: SignableObject = {}, signers?: readonly Signer[]): Promise<string> {
  return signTrustOf2027({ expires_at: '2099-01-01T00:00:00Z', ...changes }, signers);
}

async function runOlderClient(): Promise<Record<string, unknown>> {
  const { output } = await runProgram('php', [program, server.base, rootA.pubkeyB64, 'demo', stateFile]);
  return JSON.parse(output) as Record<string, unknown>;
}

test('an older client installs a release, and then says that it is current', { skip: missing }, async () => {
  assert.deepEqual(await runOlderClient(), { installed: '1.2.0', counter: 7 });
  assert.deepEqual(await runOlderClient(), { current: '1.2.0' });
});

test('an older client accepts everything that we may add', { skip: missing }, async () => {
  const projects = [{ project: 'demo', approvals: 2, counter_epoch: 0 }];
  const maintainer = { custody: 'maintainer', scope: ['project:demo'], not_after: '2028-01-01T00:00:00Z' };
  const valid_keys = [trustedKeyEntry(bobKey, maintainer), trustedKeyEntry(aliceKey, maintainer)];
  const roots = [rootA, rootB].map(({ keyId, pubkeyB64 }) => ({ pubkey_b64: pubkeyB64, key_id: keyId }));
  const log = trustedLogEntry();
  const trust = await signTrust({ valid_keys, projects, root_keys: roots, threshold: 2, log }, [rootA, rootB]);
  const changelog = { de: 'Über/Straße 😀', en: 'a "quoted"\n\tline' };
  const signers = [bobKey, aliceKey];
  server.pages.set('/api/signing/trust', trust);
  const changes = { key_id: aliceKey.keyId, changelog, scan: { status: 'not_scanned' } };
  const envelope = parseSignableText(await signManifest(changes, signers)) as SignableObject;
  const proof = await new SmallLog().fill(3).prove(1);
  server.pages.set(manifestPath, encodeCanonicalText({ ...envelope, log: proof }));
  assert.deepEqual(await runOlderClient(), { installed: '1.2.0', counter: 7 });
});

test('an older client takes no release for no update', { skip: missing }, async () => {
  server.pages.delete(manifestPath);
  assert.deepEqual(await runOlderClient(), { none: true });
});

test('an older client refuses what it can judge', { skip: missing }, async () => {
  await runOlderClient();
  const revoked_keys = [{ key_id: serverKey.keyId, reason: 'stolen', revoked_at: '2027-01-14T00:00:00Z' }];
  const newer = await signManifest({ version: '1.3.0', counter: 8 });
  const refusals: readonly [string, string, string][] = [
    ['trust: bad signature', await signTrust({}, [rootB]), newer],
    ['trust: lower version', await signTrust({ trust_version: 2 }), newer],
    ['trust: expired', await signTrust({ trust_version: 4, expires_at: '2020-01-01T00:00:00Z' }), newer],
    ['manifest: key revoked: stolen', await signTrust({ revoked_keys }), newer],
    ['manifest: key not listed', await signTrust(), await signManifest({ key_id: strangerKey.keyId }, [strangerKey])],
    ['manifest: bad signature', await signTrust(), newer.replace('1.3.0', '1.3.1')],
    ['manifest: rollback', await signTrust(), await signManifest({ version: '1.1.0', counter: 6 })],
    ['file: digest', await signTrust(), await signManifest({ version: '1.3.0', counter: 8, sha256: 'ab'.repeat(32) })],
  ];
  for (const [refused, trust, manifest] of refusals) {
    server.pages.set('/api/signing/trust', trust);
    server.pages.set(manifestPath, manifest);
    assert.deepEqual(await runOlderClient(), { refused });
  }
});
