/** Whoever hands in what takes long waits for themselves: SBOMs of others come in between. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createSbomInspection } from '../../../src/evidence/sboms/inspection.ts';
import { createCycloneDx } from './documents.ts';

const sha256 = 'ab'.repeat(32);

test('an organisation that hands in many SBOMs is refused beyond a few, and keeps nobody else from a turn', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-sboms-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'sbom.json');
  await writeFile(path, JSON.stringify(createCycloneDx(sha256)));
  const order = { path, request: { maxBytes: 2 ** 20, artifact: { sha256 }, now: Date.UTC(2026, 10, 21) } };
  const inspect = createSbomInspection();
  const done: string[] = [];
  const hand = async (organisationId: string) => {
    assert.equal((await inspect(order, { organisationId })).components.length, 2);
    done.push(organisationId);
  };
  const greedy = Array.from({ length: 5 }, () => hand('greedy'));
  const all = Promise.all([...greedy, hand('other')]);
  await assert.rejects(hand('greedy'), { code: 'rate_limited', rule: 'sbom-queue-full', retryAfterSeconds: 10 });
  await all;
  assert.deepEqual(done.slice(0, 2), ['greedy', 'other'], 'four of the other one were there before');
});
