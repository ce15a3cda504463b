/** Names lead to lines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isReleaseTag, lineOf } from '../../../src/watch/sources/line.ts';

test('a name leads to the line of its major version, or of its class', () => {
  const lines: Readonly<Record<string, readonly string[]>> = {
    '1': ['1', 'v1', '1.2', 'v1.2.3', '1.2.3-alpine', '1.2.3+build.5', '1.2.3-debian-12', 'v01.2.3', '1.x'],
    '0': ['0.28.0', 'v0.1'],
    '20260101': ['20260101'],
    pre: ['1.0.0-rc.1', 'v2.0.0-beta', '3.0-alpha.2', '1.0.0-next.5', '4.0.0-nightly.20260101', '1.0.0-rc1'],
    release: ['latest', 'stable', 'LTS'],
    nightly: ['nightly', 'main', 'dev-20260101', 'edge', 'nightly-alpine'],
    pr: ['pr-12', 'PR12', 'pull/7', 'mr-3'],
    other: ['alpine', 'sha-abcdef', 'maintenance', '123456789', '', 'v'],
  };
  for (const [line, names] of Object.entries(lines)) {
    for (const name of names) assert.equal(lineOf(name), line, name);
  }
  assert.equal(lineOf(undefined), 'other');
});

test('only a whole version is a tag that never moves', () => {
  for (const name of ['v1.0.0', '1.2.3', '1.2.3-alpine', '10.0.0-rc.1']) assert.ok(isReleaseTag(name), name);
  for (const name of ['v1', '1.2', 'latest', 'alpine', '1-alpine']) assert.ok(!isReleaseTag(name), name);
});
