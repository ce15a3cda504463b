/** Verifiers written in other languages, with the crypto libraries usual there, agree on every vector. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findMissing, python, runProgram } from './programs.ts';

const vectors = fileURLToPath(new URL('../../packages/protocol/vectors', import.meta.url));

const peers = [
  {
    name: 'the Python verifier',
    command: python,
    args: ['-B', fileURLToPath(new URL('verify.py', import.meta.url))],
    missing: findMissing(python, ['-c', 'import cryptography'], 'python3-cryptography'),
  },
  {
    name: 'the PHP verifier',
    command: 'php',
    args: [fileURLToPath(new URL('verify.php', import.meta.url))],
    missing: findMissing('php', ['-r', 'exit(extension_loaded("sodium") ? 0 : 1);'], 'php-cli with sodium'),
  },
];

for (const { name, command, args, missing } of peers) {
  test(`${name} agrees on every vector`, { skip: missing }, async () => {
    const { status, output } = await runProgram(command, [...args, vectors]);
    assert.match(output, /^(\d+) of \1 vectors agree\n$/);
    assert.equal(status, 0);
  });

  test(`${name} names the vectors that it disagrees on`, { skip: missing }, async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'signpost-vectors-'));
    context.after(() => rm(folder, { recursive: true }));
    await cp(vectors, folder, { recursive: true });
    const file = join(folder, 'file.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('size_mismatch', 'digest_mismatch'));
    const { status, output } = await runProgram(command, [...args, folder]);
    assert.match(output, /^file: a byte too few: expected .*digest_mismatch.*, got .*size_mismatch/);
    assert.equal(status, 1);
  });
}
