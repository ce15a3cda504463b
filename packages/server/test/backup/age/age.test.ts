/** The age format against the `age` tool, in both directions, and every way to refuse. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { decodeBech32, encodeBech32 } from '../../../src/backup/age/bech32.ts';
import { createEnvelope, decrypt, encrypt, type Lock, type Opener } from '../../../src/backup/age/encryption.ts';
import { createKeyPair, parseIdentity, parseRecipient } from '../../../src/backup/age/keys.ts';
import type { Passphrase } from '../../../src/backup/age/stanzas.ts';

const run = promisify(execFile);
const pair = createKeyPair();
const identity = parseIdentity(pair.identity);
const recipient = parseRecipient(pair.recipient);
const cheap = (text: string): Passphrase => ({ kind: 'passphrase', text, workFactor: 4 });
const missing = spawnSync('age', ['--version']).error !== undefined;
const skip = missing && process.env.CI !== 'true' ? 'age is not installed (apt-get install age)' : false;

async function* pieces(bytes: Uint8Array, size = 10_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

async function seal(plaintext: Uint8Array, lock: Lock = [recipient]): Promise<Buffer> {
  return collect(encrypt(await createEnvelope(lock), pieces(plaintext)));
}

function open(file: Uint8Array, opener: Opener = identity): Promise<Buffer> {
  return collect(decrypt(opener, pieces(file)));
}

function refused(rule: string) {
  return { name: 'Refusal', code: 'upload_refused', rule };
}

suite('an encrypted file', () => {
  // The edges of a chunk, where STREAM's last chunk may be full or must not be empty.
  for (const size of [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000]) {
    test(`of ${size} bytes comes back whole`, async () => {
      const plaintext = Buffer.alloc(size, 'signpost');
      assert.ok((await open(await seal(plaintext))).equals(plaintext));
    });
  }

  test('opens for each of its recipients, and under its passphrase', async () => {
    const second = createKeyPair();
    const file = await seal(Buffer.from('for two'), [recipient, parseRecipient(second.recipient)]);
    assert.equal(String(await open(file)), 'for two');
    assert.equal(String(await open(file, parseIdentity(second.identity))), 'for two');
    assert.equal(String(await open(await seal(Buffer.from('said'), cheap('a word')), cheap('a word'))), 'said');
  });

  test('is made one at a time under passphrases, and a crowd is refused beyond four that wait', async () => {
    const answers = await Promise.allSettled(Array.from({ length: 7 }, () => createEnvelope(cheap('a word'))));
    const refused = answers.filter((answer) => answer.status === 'rejected');
    assert.deepEqual([refused.length, refused.map(({ reason }) => reason.code)[0]], [3, 'unavailable']);
    await createEnvelope(cheap('a word'));
  });

  test('does not open for another key, another passphrase, or a passphrase instead of a key', async () => {
    const file = await seal(Buffer.from('x'));
    await assert.rejects(open(file, parseIdentity(createKeyPair().identity)), refused('backup-key'));
    await assert.rejects(open(file, cheap('a word')), refused('backup-key'));
    await assert.rejects(open(await seal(Buffer.from('x'), cheap('a word')), cheap('a ward')), refused('backup-key'));
  });

  test('is refused when any one bit of it was changed', async () => {
    const file = await seal(Buffer.alloc(300, 7));
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.nat(7), async (at, bit) => {
        const changed = Buffer.from(file);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        await assert.rejects(open(changed), { name: 'Refusal', code: 'upload_refused' });
      }),
      { numRuns: 200 },
    );
  });

  test('is refused when it was cut off anywhere, also between two chunks', async () => {
    const file = await seal(Buffer.alloc(3 * 65_536, 1));
    const header = file.indexOf('\n', file.indexOf('\n---') + 1) + 1;
    for (const end of [
      0,
      10,
      header - 1,
      header,
      header + 16,
      header + 16 + 65_552,
      file.length - 65_552,
      file.length - 1,
    ]) {
      await assert.rejects(open(file.subarray(0, end)), refused('backup-corrupt'), `cut at ${end}`);
    }
  });

  test('is refused when chunks changed places or something follows its end', async () => {
    const file = await seal(Buffer.alloc(3 * 65_536, 1));
    const start = file.indexOf('\n', file.indexOf('\n---') + 1) + 1 + 16;
    const chunk = (index: number) => file.subarray(start + index * 65_552, start + (index + 1) * 65_552);
    const swapped = Buffer.concat([file.subarray(0, start), chunk(1), chunk(0), chunk(2)]);
    await assert.rejects(open(swapped), refused('backup-corrupt'));
    await assert.rejects(open(Buffer.concat([file, Buffer.from([0])])), refused('backup-corrupt'));
  });

  test('may not ask for more work than our own files, nor mix a passphrase with keys', async () => {
    const file = (await seal(Buffer.from('x'), cheap('a word'))).toString('latin1');
    const costly = Buffer.from(file.replace(/(-> scrypt \S+) 4\n/, '$1 30\n'), 'latin1');
    await assert.rejects(open(costly, cheap('a word')), refused('backup-key'));
    const stanza = /-> scrypt [^\n]+\n[^\n]+\n/.exec(file)?.[0] ?? '';
    const mixed = Buffer.from(file.replace(stanza, stanza + stanza), 'latin1');
    await assert.rejects(open(mixed, cheap('a word')), refused('backup-corrupt'));
  });
});

suite('keys', () => {
  test('come back from Bech32, and one mistyped letter is noticed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(1000), (bytes, seed) => {
        const text = encodeBech32('age', bytes);
        assert.deepEqual(decodeBech32('age', text), new Uint8Array(bytes));
        const at = 4 + (seed % (text.length - 4));
        const other = text[at] === 'q' ? 'p' : 'q';
        assert.equal(decodeBech32('age', text.slice(0, at) + other + text.slice(at + 1)), undefined);
      }),
    );
  });

  // https://github.com/bitcoin/bips/blob/master/bip-0173.mediawiki, test vectors
  test('accept the vectors of BIP 173', () => {
    for (const text of ['A12UEL5L', 'a12uel5l']) assert.deepEqual(decodeBech32('a', text), new Uint8Array());
    for (const text of ['A12uEL5L', 'a12uel5m', 'b12uel5l', 'a1', 'a1bq'])
      assert.equal(decodeBech32('a', text), undefined);
  });

  test('that are none are refused', () => {
    assert.throws(() => parseRecipient('age1nothing'), { rule: 'backup-recipient' });
    assert.throws(() => parseRecipient(pair.identity), { rule: 'backup-recipient' });
    assert.throws(() => parseIdentity(`# a comment\n${pair.recipient}`), { rule: 'backup-identity' });
  });
});

suite('the age tool', { skip }, () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signpost-age-'));
    await writeFile(join(folder, 'key'), `${pair.identity}\n`, { mode: 0o600 });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const size of [1, 65_536, 200_000]) {
    test(`opens what we encrypt, and we what it encrypts: ${size} bytes`, async () => {
      const plaintext = Buffer.alloc(size, 'signpost');
      const [ours, theirs, out] = ['ours', 'theirs', 'out'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      await writeFile(ours, await seal(plaintext));
      await run('age', ['--decrypt', '--identity', join(folder, 'key'), '--output', out, ours]);
      assert.ok((await readFile(out)).equals(plaintext));
      await run('age', ['--recipient', pair.recipient, '--output', theirs, out]);
      assert.ok((await open(await readFile(theirs))).equals(plaintext));
    });
  }

  test('makes a key file that we read', async () => {
    const path = join(folder, 'made');
    await run('age-keygen', ['--output', path]);
    const { stdout } = await run('age-keygen', ['-y', path]);
    const made = parseIdentity(await readFile(path, 'utf8'));
    assert.equal(encodeBech32('age', made.publicKey), stdout.trim());
  });

  test('opens a passphrase of ours', async () => {
    const [file, out] = [join(folder, 'said'), join(folder, 'heard')];
    await writeFile(file, await seal(Buffer.from('spoken'), cheap('a word')));
    // It asks at a terminal only: script(1) is one.
    const asked = spawnSync('script', ['-qec', `age --decrypt --output ${out} ${file}`, '/dev/null'], {
      input: 'a word\n',
      timeout: 30_000,
    });
    assert.equal(asked.status, 0, String(asked.stdout));
    assert.equal(await readFile(out, 'utf8'), 'spoken');
  });
});
