/** From a registry to a finding: an image is signed, learned, stripped, and signed by somebody else. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { listFindings } from '../../../../src/watch/findings/store.ts';
import { readBaseline } from '../../../../src/watch/learning/baseline.ts';
import { learningPresets } from '../../../../src/watch/learning/rules.ts';
import { findLine } from '../../../../src/watch/observations/store.ts';
import { createObserving } from '../../../../src/watch/observing/scheduler.ts';
import { addSource } from '../../../../src/watch/sources/source.ts';
import { silentLog } from '../../../silent-log.ts';
import { forEachEngine } from '../../../storage/engines.ts';
import { readAll } from '../../observing/scripted-reader.ts';
import { day, openDesk } from '../../recording/desk.ts';
import { encodeBundle, mintStatement, signedAt, signOlder, stranger } from '../signing.ts';
import { putFallback, putImage, putOlderSignatures, putReferrer } from './images.ts';
import { fail, type MemoryRegistry, startMemoryRegistry } from './memory-registry.ts';
import { lookAt } from './scene.ts';

forEachEngine((name, open) => {
  const database = open();
  let images: MemoryRegistry;
  before(async () => {
    images = await startMemoryRegistry();
  });
  after(() => images.close());

  const sign = async (tag: string, plan: Parameters<typeof signOlder>[1] = {}) => {
    const digest = await putImage(images, tag);
    await putOlderSignatures(images, digest, [await signOlder(digest.slice('sha256:'.length), plan)]);
    return digest;
  };

  test('a signer is learned; a signature that goes, a stranger and silence are told apart', async () => {
    const { database: own, caller } = await openDesk(await database, `registry-${name.toLowerCase()}`);
    // The source of the desk is none of this registry's.
    await own.query.updateTable('watch_schedule').set({ due_at: Number.MAX_SAFE_INTEGER }).execute();
    let at = signedAt;
    const now = () => at;
    const reference = `${images.host}/org/app`;
    const rules = learningPresets['first-day'];
    const source = await addSource({ database: own, now }, caller, { reference, rules, isDevelopment: false });
    const { reader } = lookAt(images.host, { now });
    const observing = createObserving({
      ...{ database: own, now, log: silentLog, random: () => 0, readers: readAll(reader), concurrency: 1 },
    });
    const look = async (days: number) => {
      at += days * day;
      await observing.drain();
      const found = await listFindings(own.query, { organisationId: caller.organisationId, limit: 50 });
      return found
        .filter(({ source_id }) => source_id === source.id)
        .map(({ kind, severity }) => `${kind} ${severity}`);
    };
    const digest = await sign('1.0.0');
    assert.deepEqual(await look(0), []);
    await sign('1.0.1');
    assert.deepEqual(await look(1.5), []);
    await sign('1.0.2');
    assert.deepEqual(await look(1), []);
    const line = (await findLine(own.query, source.id, '1')) ?? assert.fail('expected a line');
    assert.equal((await readBaseline(own.query, line))?.revision.state, 'established');

    images.sabotage = (_, response, path) => {
      if (path.endsWith('.sig')) fail(response, 503);
      return path.endsWith('.sig');
    };
    // Nobody could look: that is not "unsigned".
    assert.deepEqual(await look(1), []);
    images.sabotage = undefined;
    images.tags.delete(`${digest.replace(':', '-')}.sig`);
    const withdrawn = 'signature.withdrawn medium';
    assert.deepEqual(await look(2), [withdrawn]);
    await sign('1.0.3', { signer: stranger });
    const foreign = 'identity.new_owner critical';
    assert.deepEqual(await look(1), [foreign, withdrawn]);

    const newest = await putImage(images, '1.0.4');
    const bundle = encodeBundle(await mintStatement(newest.slice('sha256:'.length)));
    await putFallback(images, newest, [await putReferrer(images, newest, bundle)]);
    assert.deepEqual(await look(1), ['signature.format_changed note', foreign, withdrawn]);
    await observing.stop();
  });
});
