/** The traffic light of a trusted root: the worst first, each with the moment since when. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examineTrustRoots } from '../../../src/doctor/trust-roots.ts';
import { lightOf } from '../../../src/evidence/trust-roots/light.ts';
import { registerTrustRootMetrics } from '../../../src/evidence/trust-roots/metrics.ts';
import type { TrustRootHead } from '../../../src/evidence/trust-roots/store.ts';
import { addTrustRoot } from '../../../src/evidence/trust-roots/trust-root.ts';
import { createMetrics } from '../../../src/http/metrics.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { encodeTrustedRoot } from './repository.ts';
import { openTrustRootScene } from './scene.ts';

const dayMs = 86_400_000;
const at = 1000 * dayMs;

const healthy: TrustRootHead = {
  ...{
    id: 'i',
    organisation_id: 'o',
    name: 'n',
    source: 'tuf',
    metadata_url: 'https://tuf.example',
    targets_url: null,
  },
  ...{ target: 'trusted_root.json', digest: '00', accepted_at: 1, root_version: 1, expires_at: at + dayMs },
  ...{ root_expires_at: at + 100 * dayMs, authorities_end_at: null, checked_at: 1, next_check_at: 1, failures: 0 },
  ...{ failure_code: null, failure: null, since: 7, created_at: 5 },
};

const cases: readonly (readonly [Partial<TrustRootHead>, string, number])[] = [
  [{}, 'green current', 7],
  [{ digest: null }, 'red nothing-accepted', 5],
  [{ expires_at: at }, 'red expired', at],
  [{ authorities_end_at: at - 1 }, 'red authorities-ended', at - 1],
  [{ failures: 1, failure_code: 'bad_signature', failure: 'x' }, 'yellow refused', 7],
  [{ failures: 1, failure_code: 'fetch_failed', failure: 'x' }, 'yellow unreachable', 7],
  [{ root_expires_at: at + 13 * dayMs }, 'yellow root-ending', at - dayMs],
  [{ authorities_end_at: at + 29 * dayMs }, 'yellow authorities-ending', at - dayMs],
];

for (const [change, expected, since] of cases) {
  test(`${JSON.stringify(Object.keys(change))}: ${expected}`, () => {
    const found = lightOf({ ...healthy, ...change }, at);
    assert.equal(`${found.light} ${found.reason}`, expected);
    assert.equal(found.since, since);
  });
}

forEachEngine((_engine, openDatabase) => {
  test('doctor and figures tell of roots that are not green', async () => {
    const scene = await openTrustRootScene(await openDatabase(), { outgoing: undefined });
    const { parts, caller } = scene;
    await scene.follow();
    const document = new TextEncoder().encode(encodeTrustedRoot({}));
    await addTrustRoot(parts, caller, { name: 'file', source: { kind: 'file', document } });
    scene.repository.close();
    assert.deepEqual(
      (await examineTrustRoots(parts, caller.organisationId)).map(({ level, code }) => [level, code]),
      [['error', 'trust-root-nothing-accepted']],
    );
    assert.deepEqual(await examineTrustRoots(parts, 'another organisation'), []);
    const { registry } = createMetrics();
    registerTrustRootMetrics(registry, parts);
    const text = await registry.metrics();
    assert.match(text, /signpost_evidence_trust_root_light\{[^}]*name="private"\} 2/);
    assert.match(text, /signpost_evidence_trust_root_light\{[^}]*name="file"\} 0/);
  });
});
