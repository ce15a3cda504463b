import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { describeSystemError } from '../../src/files/system-error.ts';

test('a file that is not there is told by its path and in words', async () => {
  const error: unknown = await readFile('/no/such/file').catch((cause: unknown) => cause);
  const failure = describeSystemError(error);
  assert.equal(failure?.message, 'cannot open /no/such/file: there is no such file or folder');
  assert.equal(failure.code, 'ENOENT');
});

test('a folder in the place of a file is told as one', async () => {
  const error: unknown = await readFile(tmpdir()).catch((cause: unknown) => cause);
  assert.match(describeSystemError(error)?.message ?? '', /EISDIR|it is a folder/);
});

test('what is no system error is not described', () => {
  assert.equal(describeSystemError(new Error('something else')), undefined);
  assert.equal(describeSystemError('ENOENT'), undefined);
});
