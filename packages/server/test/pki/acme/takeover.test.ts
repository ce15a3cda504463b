/** A validation that the process did not live to finish is taken up by its job. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { validationJobKind } from '../../../src/pki/acme/orders/authorization.ts';
import { validateAuthorization } from '../../../src/pki/acme/validation/validate.ts';
import { startWorker } from '../../../src/storage/jobs.ts';
import { silentLog } from '../../silent-log.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { thumbprintOf } from './client.ts';
import { findChallenge, openAcmeScene, placeOrder } from './scene.ts';

forEachEngine((_, open) => {
  test('what was begun and not finished is valid once the job has run, and the order is ready', async () => {
    const scene = await openAcmeScene(await open());
    after(() => scene.close());
    const client = await scene.enrol();
    const order = await placeOrder(client, ['late.example.test']);
    const [url = ''] = order.authorizations;
    const { token, url: challenge } = await findChallenge(client, url, 'http-01');
    scene.files.set(`/.well-known/acme-challenge/${token}`, `${token}.${thumbprintOf(client.key)}`);
    // As when the process ends before it began.
    await scene.state.validations.stop();
    const answer = await client.post(challenge, {});
    assert.deepEqual([answer.json.status, answer.headers.get('retry-after')], ['processing', '1']);
    const { database, now } = scene.dependencies;
    const run = { ...scene.dependencies, ...scene.state, log: silentLog };
    const handlers = {
      [validationJobKind]: (job: Parameters<typeof validateAuthorization>[1]) => validateAuthorization(run, job),
    };
    const worker = startWorker({ database, handlers, now, log: silentLog, concurrency: 1 });
    await worker.drain();
    await worker.stop();
    assert.equal((await client.read(url)).json.status, 'valid');
    assert.equal((await client.read(order.url)).json.status, 'ready');
  });
});
