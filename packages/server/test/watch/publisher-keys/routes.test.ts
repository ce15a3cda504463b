/** Publishers' keys over HTTP. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { listAudit } from '../../../src/audit/store.ts';
import { openPlanesScene } from '../../planes-scene.ts';

test('a manager names a key, everybody sees it, and it is taken back', async (t) => {
  const scene = await openPlanesScene(t);
  const key = await scene.openKey(scene.home, ['manage']);
  const reader = await scene.openKey(scene.home, ['read']);
  const made = await scene.ask('POST', '/api/watch/sources', {
    as: key,
    json: { source: 'feed:https://dl.example/f.xml' },
  });
  const path = `/api/watch/sources/${made.json.id}/keys`;
  const pem = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
  const json = { file: Buffer.from(pem).toString('base64'), reason: 'from their site' };
  assert.equal((await scene.ask('POST', path, { as: reader, json })).status, 403);
  const named = await scene.ask('POST', path, { as: key, json });
  assert.equal(named.status, 201);
  const { id, sha256, name, kind } = named.json;
  assert.deepEqual([kind, name], ['ed25519', sha256]);
  const listed = await scene.ask('GET', path, { as: reader });
  assert.deepEqual(listed.json.keys, [named.json]);
  const refused = await scene.ask('POST', path, { as: key, json: { ...json, file: 'AAAA' } });
  assert.equal(refused.status, 400);
  assert.equal((await scene.ask('DELETE', `${path}/${id}`, { as: key })).status, 204);
  assert.deepEqual((await scene.ask('GET', path, { as: reader })).json.keys, []);
  const audit = await listAudit(scene.resources.database, { action: 'watch_publisher_key.removed', limit: 10 });
  assert.equal(audit.length, 1);
});
