/** Signed notes, checkpoints, cosignatures (C2SP): a known note, round trips, and each refusal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { createSigner, type Signer } from '@signpost/protocol/keys/ed25519';
import { encodeCheckpoint, parseCheckpoint } from '@signpost/protocol/tlog/checkpoint';
import { signCosignature, verifyCosignatures } from '@signpost/protocol/tlog/cosignature';
import {
  createNoteVerifier,
  encodeNoteKey,
  type NoteKey,
  noteKeyTypes,
  parseNoteKey,
} from '@signpost/protocol/tlog/note-key';
import {
  encodeSignatureLine,
  maxNoteCharacters,
  maxNoteSignatures,
  parseSignedNote,
  verifyNote,
} from '@signpost/protocol/tlog/signed-note';
import fc from 'fast-check';
import { refuses } from '../refuses.ts';

/** The note of golang.org/x/mod/sumdb/note, from which signed notes come. */
const neumann = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const neumannText =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const neumannLine =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
const neumannNote = `${neumannText}\n${neumannLine}`;

interface NoteSigner {
  readonly key: NoteKey;
  readonly signer: Signer;
}

async function createNoteSigner(name: string, type: number, seed: number): Promise<NoteSigner> {
  const signer = await createSigner(new Uint8Array(32).fill(seed));
  const key = await parseNoteKey(encodeNoteKey(name, type, parseBase64(signer.pubkeyB64)));
  return { key, signer };
}

const log = await createNoteSigner('log.example/one', noteKeyTypes.ed25519, 1);
const witnesses = [
  await createNoteSigner('witness.example/a', noteKeyTypes.cosignature, 2),
  await createNoteSigner('witness.example/b', noteKeyTypes.cosignature, 3),
];
const head = { origin: 'log.example/one', size: 7, rootHash: new Uint8Array(32).fill(9), extensions: [] };
const text = encodeCheckpoint(head);

async function signLine({ key, signer }: NoteSigner, over = text): Promise<string> {
  return encodeSignatureLine({ name: key.name, keyHint: key.keyHint, signature: await signer.sign(encodeText(over)) });
}

async function cosignLine({ key, signer }: NoteSigner, time: number, over = text): Promise<string> {
  const signature = await signCosignature(over, time, signer);
  return encodeSignatureLine({ name: key.name, keyHint: key.keyHint, signature });
}

test('the known note is read, and its signature verifies', async () => {
  const note = parseSignedNote(neumannNote);
  assert.equal(note.text, neumannText);
  assert.deepEqual(note.signatures.map(encodeSignatureLine), [neumannLine]);
  const verifier = createNoteVerifier(await parseNoteKey(neumann));
  assert.deepEqual((await verifyNote(note, [verifier])).verifiers, [verifier]);
});

test('every part and every damage of a verifier key is refused', async () => {
  for (let start = 0; start < neumann.length; start++) {
    const damaged = `${neumann.slice(0, start)}${String.fromCharCode(neumann.charCodeAt(start) + 1)}${neumann.slice(start + 1)}`;
    for (const part of [neumann.slice(start + 1), neumann.slice(0, start), damaged]) {
      await assert.rejects(parseNoteKey(part), TrustError, part);
    }
  }
});

test('a key of another type is refused where it is of no use', async () => {
  await assert.rejects(parseNoteKey(encodeNoteKey('a', 2, new Uint8Array(32))), refuses('algorithm_unsupported'));
  const [witness] = witnesses;
  assert.ok(witness);
  assert.throws(() => createNoteVerifier(witness.key), TypeError);
  await assert.rejects(
    verifyCosignatures(parseSignedNote(neumannNote), { witnesses: [log.key], quorum: 0 }),
    TypeError,
  );
  assert.throws(() => encodeNoteKey('a b', 1, new Uint8Array(32)), TypeError);
  assert.throws(
    () => encodeSignatureLine({ name: 'a+b', keyHint: new Uint8Array(4), signature: new Uint8Array(1) }),
    TypeError,
  );
});

for (const [words, note] of [
  ['without an empty line', `${neumannText}${neumannLine}`],
  ['without signatures', `${neumannText}\n`],
  ['without a line feed at its end', neumannNote.slice(0, -1)],
  ['with text behind the signatures', `${neumannNote}and more\n`],
  ['with an empty line at its end', `${neumannNote}\n`],
  ['with a hyphen for the dash', neumannNote.replace('—', '-')],
  ['with a space more', neumannNote.replace('— ', '—  ')],
  ['with a plus in a name', neumannNote.replace('PeterNeumann', 'Peter+Neumann')],
  ['with base64 that is not canonical', neumannNote.replace('nAM=', 'nAN=')],
  ['with a signature of no octets', `${neumannText}\n— PeterNeumann x08gow==\n`],
  ['with a carriage return', neumannNote.replace('problem,\n', 'problem,\r\n')],
  ['with half a character', neumannNote.replace('know', '\ud800')],
  ['of no text', `\n${neumannLine}`],
] as const) {
  test(`a note ${words} is refused`, () => {
    assert.throws(() => parseSignedNote(note), refuses('malformed'));
  });
}

test('a note that is too long, or has too many signatures, is refused', () => {
  const long = `${'x'.repeat(maxNoteCharacters)}\n\n${neumannLine}`;
  assert.throws(() => parseSignedNote(long), refuses('too_large'));
  const many = `${neumannText}\n${neumannLine.repeat(maxNoteSignatures + 1)}`;
  assert.throws(() => parseSignedNote(many), refuses('too_large'));
});

test('signatures by others are left alone, wherever they stand', async () => {
  const [witness] = witnesses;
  assert.ok(witness);
  const lines = [await cosignLine(witness, 5_000), neumannLine, await signLine(log), await signLine(log)];
  const note = parseSignedNote(`${text}\n${lines.join('')}`);
  const verifier = createNoteVerifier(log.key);
  assert.deepEqual((await verifyNote(note, [verifier])).verifiers, [verifier]);
});

test('a wrong signature under the name and hint that count is refused, and so is none', async () => {
  const verifiers = [createNoteVerifier(log.key)];
  const wrong = parseSignedNote(`${text}\n${await signLine(log, 'other\n')}`);
  await assert.rejects(verifyNote(wrong, verifiers), refuses('bad_signature'));
  const renamed = parseSignedNote(`${text}\n${(await signLine(log)).replace('log.example', 'log.examplE')}`);
  await assert.rejects(verifyNote(renamed, verifiers), refuses('bad_signature', /got no such signature/));
});

test('a checkpoint is read again as it was written', () => {
  const line = fc.string({ minLength: 1, unit: fc.constantFrom(...'abc -./:—ü0') });
  const rootHash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((hash) => Uint8Array.from(hash));
  const checkpoint = fc.record(
    { origin: line, size: fc.maxSafeNat(), rootHash, extensions: fc.array(line) },
    { noNullPrototype: true },
  );
  fc.assert(fc.property(checkpoint, (one) => assert.deepEqual(parseCheckpoint(encodeCheckpoint(one)), one)));
  assert.throws(() => encodeCheckpoint({ ...head, origin: 'two\nlines' }), TypeError);
});

const [origin = '', size = '', root = ''] = text.split('\n');
for (const [words, lines] of [
  ['without origin', ['', size, root]],
  ['without size', [origin, root]],
  ['without root', [origin, size]],
  ['with a leading zero', [origin, `0${size}`, root]],
  ['with a sign', [origin, `+${size}`, root]],
  ['of 2^53 entries', [origin, String(2 ** 53), root]],
  ['with a root of 31 octets', [origin, size, 'A'.repeat(40)]],
  ['with an empty extension', [origin, size, root, '', 'x']],
] as const) {
  test(`a checkpoint ${words} is refused`, () => {
    assert.throws(() => parseCheckpoint([...lines, ''].join('\n')), refuses('malformed'));
  });
}

test('a checkpoint without its last line feed is refused', () => {
  assert.throws(() => parseCheckpoint(text.slice(0, -1)), refuses('malformed'));
});

test('a quorum of witnesses says when they saw the checkpoint; each counts once', async () => {
  const [first, second] = witnesses;
  assert.ok(first && second);
  const lines = [await signLine(log), await cosignLine(first, 5_999), await cosignLine(first, 7_000)];
  const keys = witnesses.map(({ key }) => key);
  const one = parseSignedNote(`${text}\n${lines.join('')}`);
  const seen = await verifyCosignatures(one, { witnesses: keys, quorum: 1 });
  assert.deepEqual(
    seen.map(({ witness, time }) => [witness.name, time]),
    [['witness.example/a', 5_000]],
  );
  await assert.rejects(
    verifyCosignatures(one, { witnesses: keys, quorum: 2 }),
    refuses('bad_signature', /2 witnesses, got 1/),
  );
  await assert.rejects(verifyCosignatures(one, { witnesses: keys, quorum: Number.NaN }), refuses('bad_signature'));
  const two = parseSignedNote(`${text}\n${lines.join('')}${await cosignLine(second, 6_000)}`);
  assert.equal((await verifyCosignatures(two, { witnesses: keys, quorum: 2 })).length, 2);
});

test('one key under two names is one witness', async () => {
  const other = await createNoteSigner('witness.example/c', noteKeyTypes.cosignature, 2);
  const [first] = witnesses;
  assert.ok(first);
  const note = parseSignedNote(`${text}\n${await cosignLine(first, 5_000)}${await cosignLine(other, 5_000)}`);
  const keys = [first.key, other.key];
  await assert.rejects(verifyCosignatures(note, { witnesses: keys, quorum: 2 }), refuses('bad_signature'));
});

test('a cosignature of another time, another checkpoint or another length is refused', async () => {
  const [first] = witnesses;
  assert.ok(first);
  const keys = { witnesses: [first.key], quorum: 1 };
  const signature = await signCosignature(text, 5_000, first.signer);
  const later = Uint8Array.from(signature);
  later[7] = 6;
  const beyond = Uint8Array.from(signature).fill(0xff, 0, 8);
  for (const [changed, code] of [
    [later, 'bad_signature'],
    [beyond, 'malformed'],
    [signature.slice(1), 'malformed'],
    [await signCosignature(text.replace('7', '8'), 5_000, first.signer), 'bad_signature'],
  ] as const) {
    const line = encodeSignatureLine({ name: first.key.name, keyHint: first.key.keyHint, signature: changed });
    await assert.rejects(verifyCosignatures(parseSignedNote(`${text}\n${line}`), keys), refuses(code));
  }
});

test('any text is read or refused, and by nothing but a TrustError', () => {
  const pieces = fc.constantFrom(
    '\n',
    '\n\n',
    '— ',
    'PeterNeumann ',
    neumannLine,
    neumannText,
    '\u0000',
    'x08go/Y=',
    ' ',
    '+',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string())), (parts) => {
      for (const parse of [parseSignedNote, parseCheckpoint]) {
        try {
          parse(parts.join(''));
        } catch (error) {
          assert.ok(error instanceof TrustError);
        }
      }
    }),
  );
});
