/** A kill at any moment loses no baseline, promotes no stranger and leaves the chain whole. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { forEachEngine } from '../../storage/engines.ts';
import { killAtWork } from './siege.ts';

forEachEngine((_name, _open, locate) => {
  for (const [work, kills] of [
    ['recording', 3],
    ['looking', 2],
  ] as const) {
    test(`what was acknowledged is there, what was established stays, nobody is promoted, wherever SIGKILL strikes while ${work}`, async () => {
      const moments = fc.sample(fc.double({ min: 0, max: 1, noNaN: true }), kills);
      const { findings, acknowledged } = await killAtWork(await locate(), {
        ...{ work, kills, random: () => moments.pop() ?? 0 },
      });
      assert.deepEqual(findings, []);
      assert.ok(acknowledged > 0);
    });
  }
});
