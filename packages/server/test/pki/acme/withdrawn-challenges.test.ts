/** A challenge that a directory takes away: what becomes of proofs, attempts and orders, on both engines. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ChallengeType, changeDirectory } from '../../../src/pki/acme/directories/directory.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { createCsr, thumbprintOf } from './client.ts';
import { type AcmeScene, findChallenge, openAcmeScene, placeOrder, proveOrder } from './scene.ts';

forEachEngine((_, open) => {
  let scene: AcmeScene;
  before(async () => {
    scene = await openAcmeScene(await open());
  });
  after(() => scene.close());

  test('a challenge that a directory takes away leaves nothing that was proven by it, nor any order on it', async () => {
    const offer = (...challenges: ChallengeType[]) =>
      changeDirectory(scene.dependencies, scene.caller, { name: 'changing', change: { challenges } });
    await scene.addDirectory('changing', { challenges: ['http-01', 'dns-01'] });
    const late = await scene.enrol('changing');
    const kept = await scene.enrol();
    await proveOrder(scene, kept, await placeOrder(kept, ['kept.example.test']));
    const proven = await placeOrder(late, ['proven.example.test']);
    await proveOrder(scene, late, proven);
    const open = await placeOrder(late, ['open.example.test']);
    const wild = await placeOrder(late, ['*.wild.example.test']);
    const [openUrl = ''] = open.authorizations;
    const { url: http } = await findChallenge(late, openUrl, 'http-01');
    await offer('dns-01');
    const stateOf = async (url: string) => (await late.read(url)).json.status;
    assert.equal(await stateOf(proven.url), 'invalid');
    assert.equal(await stateOf(proven.authorizations[0] ?? ''), 'deactivated');
    const csr = await createCsr({ names: ['proven.example.test'] });
    assert.equal((await late.post(proven.finalize, { csr })).status, 403);
    assert.equal((await placeOrder(late, ['proven.example.test'])).reply.json.status, 'pending');
    // What can still be proven otherwise goes on.
    assert.deepEqual([await stateOf(open.url), await stateOf(wild.url)], ['pending', 'pending']);
    const { challenges } = (await late.read(openUrl)).json as { challenges: { type: string }[] };
    assert.deepEqual(
      challenges.map(({ type }) => type),
      ['dns-01'],
    );
    assert.equal((await late.post(http, {})).status, 404);
    await offer('http-01');
    assert.deepEqual([await stateOf(open.url), await stateOf(wild.url)], ['invalid', 'invalid']);
    // Another directory keeps what it has.
    assert.equal((await placeOrder(kept, ['kept.example.test'])).reply.json.status, 'ready');
  });

  test('an attempt that is under way when its challenge is taken away proves nothing', async () => {
    const directory = await scene.addDirectory('hasty');
    const hasty = await scene.enrol('hasty');
    const order = await placeOrder(hasty, ['hasty.example.test']);
    const [url = ''] = order.authorizations;
    const { token, url: challenge } = await findChallenge(hasty, url, 'http-01');
    scene.files.set(`/.well-known/acme-challenge/${token}`, `${token}.${thumbprintOf(hasty.key)}`);
    const change = { challenges: ['dns-01'] as const };
    const [answer] = await Promise.all([
      hasty.post(challenge, {}),
      changeDirectory(scene.dependencies, scene.caller, { name: directory.name, change }),
    ]);
    assert.ok([200, 404].includes(answer.status), answer.text);
    assert.notEqual((await hasty.waitWhile(url, ['processing'])).json.status, 'valid');
    assert.notEqual((await hasty.read(order.url)).json.status, 'ready');
  });
});
