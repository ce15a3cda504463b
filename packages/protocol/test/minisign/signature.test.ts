/** Signatures of minisign and signify, held against what both programs make. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { parseMinisignPublicKey } from '@signpost/protocol/minisign/public-key';
import { coverMinisign, parseMinisignSignature, verifyMinisignSignature } from '@signpost/protocol/minisign/signature';
import fc from 'fast-check';
import { hashCovered } from '../hash-covered.ts';
import { askOracle, findMissingOracle } from '../oracle.ts';
import { refuses } from '../refuses.ts';

const skip = findMissingOracle('minisign', ['-v']);
const folder = mkdtempSync(join(tmpdir(), 'signpost-minisign-'));
after(() => rmSync(folder, { recursive: true }));
const message = encodeText('the file\n');
const path = (name: string) => join(folder, name);
writeFileSync(path('file'), message);

function run(program: string, ...args: readonly string[]) {
  const { status, stderr } = askOracle(program, args);
  assert.equal(status, 0, stderr);
}

/** A key pair, and a signature of the file by it. */
function makeMinisign(name: string, ...how: readonly string[]) {
  run('minisign', '-G', '-W', '-f', '-p', path(`${name}.pub`), '-s', path(`${name}.key`));
  const comment = ['-t', `file of ${name} ü`];
  run('minisign', '-S', ...how, '-s', path(`${name}.key`), '-m', path('file'), '-x', path(`${name}.sig`), ...comment);
  return read(name);
}

function makeSignify(name: string) {
  run('signify-openbsd', '-G', '-n', '-p', path(`${name}.pub`), '-s', path(`${name}.sec`));
  run('signify-openbsd', '-S', '-s', path(`${name}.sec`), '-m', path('file'), '-x', path(`${name}.sig`));
  return read(name);
}

const read = (name: string) => ({
  key: readFileSync(path(`${name}.pub`), 'utf8'),
  signature: readFileSync(path(`${name}.sig`), 'utf8'),
});

async function verify(made: { key: string; signature: string }, file: Uint8Array) {
  const key = parseMinisignPublicKey(made.key);
  const signature = parseMinisignSignature(made.signature);
  await verifyMinisignSignature(signature, key, hashCovered(coverMinisign(signature, key), file));
}

const makers = {
  'minisign with a prehash': () => makeMinisign('hashed', '-H'),
  'minisign over the whole file': () => makeMinisign('whole', '-l'),
  signify: () => makeSignify('signify'),
};
for (const [name, make] of Object.entries(makers)) {
  test(`a signature by ${name} verifies, of its file alone`, { skip }, async () => {
    const made = make();
    await verify(made, message);
    await assert.rejects(verify(made, encodeText('another file\n')), refuses('bad_signature'));
  });
}

const hashed = skip ? { key: '', signature: '' } : makeMinisign('usual', '-H');
const other = skip ? hashed : makeMinisign('other', '-H');
const [untrustedLine = '', line = '', comment = '', global = ''] = hashed.signature.split('\n');

test('both halves of minisign’s file are signed: the file, and the trusted comment with it', { skip }, async () => {
  const changed = [untrustedLine, line, `${comment}!`, global, ''].join('\n');
  await assert.rejects(verify({ ...hashed, signature: changed }, message), refuses('bad_signature', /comment/));
  const renamed = ['untrusted comment: anything', line, comment, global, ''].join('\n');
  await verify({ ...hashed, signature: renamed }, message);
});

test('a signature by a key of another number is of a key that is not known', { skip }, async () => {
  await assert.rejects(verify({ ...hashed, key: other.key }, message), refuses('key_unknown'));
});

test('the number of a key is what minisign calls it', { skip }, () => {
  const { keyNumber } = parseMinisignPublicKey(hashed.key);
  const named = /^untrusted comment: minisign public key ([0-9A-F]+)$/m.exec(hashed.key)?.[1];
  // minisign leaves out the zeros in front: of one key in sixteen.
  assert.equal(named?.padStart(16, '0'), keyNumber);
  assert.equal(parseMinisignSignature(hashed.signature).keyNumber, keyNumber);
});

test('a borrowed key number does not make another key’s signature one’s own', { skip }, async () => {
  const bytes = Buffer.from(other.signature.split('\n')[1] ?? '', 'base64');
  Buffer.from(line, 'base64').copy(bytes, 2, 2, 10);
  const forged = [untrustedLine, bytes.toString('base64'), comment, global, ''].join('\n');
  await assert.rejects(verify({ ...hashed, signature: forged }, message), refuses('bad_signature'));
});

const encode = (algorithm: string, size: number) =>
  Buffer.concat([Buffer.from(algorithm), Buffer.alloc(8), Buffer.alloc(size, 7)]).toString('base64');
const head = 'untrusted comment: x\n';
const tail = `trusted comment: y\n${Buffer.alloc(64).toString('base64')}\n`;

for (const [name, text, code] of [
  ['without a comment', `${encode('ED', 64)}\n${tail}`, 'malformed'],
  ['of another algorithm', `${head}${encode('RS', 64)}\n${tail}`, 'algorithm_unsupported'],
  ['that is too short', `${head}${encode('ED', 63)}\n${tail}`, 'malformed'],
  ['that is no base64', `${head}%%%%\n${tail}`, 'malformed'],
  ['of a hash without a trusted comment', `${head}${encode('ED', 64)}\n`, 'malformed'],
  ['with another line', `${head}${encode('ED', 64)}\n${tail}more\n`, 'malformed'],
  ['with a trusted comment that is none', `${head}${encode('ED', 64)}\n${tail.slice(1)}`, 'malformed'],
  ['whose trusted comment is signed with less', `${head}${encode('ED', 64)}\ntrusted comment: y\nAAAA\n`, 'malformed'],
  ['that is long', `${head}${'A'.repeat(17_000)}`, 'too_large'],
] as const) {
  test(`a signature ${name} is refused`, () => {
    assert.throws(() => parseMinisignSignature(text), refuses(code));
  });
}

for (const [name, text, code] of [
  ['of another algorithm', `${head}${encode('RS', 32)}\n`, 'algorithm_unsupported'],
  ['with another line', `${head}${encode('Ed', 32)}\nmore\n`, 'malformed'],
  ['that is not there', head, 'malformed'],
  [
    'of small order',
    `${head}${Buffer.concat([Buffer.from('Ed'), Buffer.alloc(40)]).toString('base64')}\n`,
    'malformed',
  ],
  ['that is long', `${head}${'A'.repeat(3000)}`, 'too_large'],
] as const) {
  test(`a public key ${name} is refused`, () => {
    assert.throws(() => parseMinisignPublicKey(text), refuses(code));
  });
}

test('any text is a file or a refusal', () => {
  const lines = fc.oneof(
    fc.string(),
    fc.constantFrom('untrusted comment: ', 'trusted comment: ', 'RWQ=', encode('ED', 64)),
  );
  fc.assert(
    fc.property(fc.array(lines, { maxLength: 6 }), (parts) => {
      for (const parse of [parseMinisignSignature, parseMinisignPublicKey]) {
        try {
          parse(parts.join('\n'));
        } catch (error) {
          assert.ok(error instanceof TrustError);
        }
      }
    }),
  );
});
