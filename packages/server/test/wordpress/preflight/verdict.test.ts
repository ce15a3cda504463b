/** Whether a deploy passes, judged from what the pre-flight left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Standing } from '../../../src/wordpress/preflight/preflight.ts';
import { admitDeploy } from '../../../src/wordpress/preflight/verdict.ts';

test('a report lets the very file pass that it was made of, and no other', () => {
  const [seen, other] = ['ab'.repeat(32), 'cd'.repeat(32)];
  const gates = { security: 'hard', php: 'off', standard: 'off', plugin_check: 'off' } as const;
  const results = { security: { outcome: 'run', version: '1', errors: 0, warnings: 0, files: 1, messages: [] } };
  const report = {
    id: 'r',
    state: 'done',
    subject: JSON.stringify({ sha256: seen }),
    results: JSON.stringify(results),
  };
  const standing = { settings: { gates, phpVersion: '7.4' }, report, changes: [] } as unknown as Standing;
  assert.deepEqual(admitDeploy(standing, { sha256: seen, acknowledged: undefined }), { preflight: 'r' });
  assert.throws(() => admitDeploy(standing, { sha256: other, acknowledged: undefined }), { rule: 'preflight-stale' });
});
