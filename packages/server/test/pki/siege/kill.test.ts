/** A kill at any moment leaves no certificate, repair, revocation or notice without its row of the audit log, and none of them half done. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { forEachEngine } from '../../storage/engines.ts';
import { killAtWork } from './siege.ts';

forEachEngine((_name, _open, locate) => {
  test('what was issued, revoked, told and repaired is whole and audited, wherever SIGKILL strikes', async () => {
    const moments = fc.sample(fc.double({ min: 0, max: 1, noNaN: true }), 2);
    const { findings, acknowledged } = await killAtWork(await locate(), { kills: 2, random: () => moments.pop() ?? 0 });
    assert.deepEqual(findings, []);
    assert.ok(Object.values(acknowledged).every((count) => count > 0));
  });
});
