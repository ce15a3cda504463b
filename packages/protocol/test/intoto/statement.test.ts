import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError, type TrustErrorCode } from '@signpost/protocol/errors';
import { maxDigests } from '@signpost/protocol/intoto/digest-set';
import { maxStatementBytes, maxSubjects, parseStatement } from '@signpost/protocol/intoto/statement';
import { verifySubject } from '@signpost/protocol/intoto/verify-subject';
import fc from 'fast-check';
import { fakeDigest, githubStatement, parse } from './documents.ts';

const digest = { sha256: fakeDigest(32) };

test('subjects, predicate type and predicate are read', () => {
  const { subjects, predicateType, predicate } = parse(githubStatement);
  assert.deepEqual(subjects, [{ name: 'app-1.2.3.tgz', digests: new Map(Object.entries(digest)) }]);
  assert.equal(predicateType, 'https://slsa.dev/provenance/v1');
  assert.deepEqual(Object.keys(predicate), ['buildDefinition', 'runDetails']);
});

test('statements of version 0.1, without names, and with members of later versions are read', () => {
  for (const name of [undefined, '', '_']) {
    const statement = {
      ...githubStatement,
      _type: 'https://in-toto.io/Statement/v0.1',
      subject: [{ name, digest, uri: 'x' }],
      later: 1,
    };
    assert.equal(parse(statement).subjects[0]?.name, undefined);
  }
});

test('a predicate may be missing', () => {
  assert.deepEqual(parse({ ...githubStatement, predicate: undefined }).predicate, {});
  assert.deepEqual(parse({ ...githubStatement, predicate: null }).predicate, {});
});

const refusals: readonly (readonly [string, TrustErrorCode, object])[] = [
  ['that is an array', 'malformed', []],
  ['without a type', 'malformed', { ...githubStatement, _type: undefined }],
  ['of another type', 'malformed', { ...githubStatement, _type: 'https://in-toto.io/Statement/v2' }],
  ['without a predicate type', 'malformed', { ...githubStatement, predicateType: undefined }],
  ['with a list as predicate', 'malformed', { ...githubStatement, predicate: [] }],
  ['without subjects', 'malformed', { ...githubStatement, subject: [] }],
  ['with subjects that are no list', 'malformed', { ...githubStatement, subject: { digest } }],
  ['with a subject that is no object', 'malformed', { ...githubStatement, subject: ['x'] }],
  ['with a subject without digests', 'malformed', { ...githubStatement, subject: [{ name: 'x' }] }],
  ['with a subject with an empty set of digests', 'malformed', { ...githubStatement, subject: [{ digest: {} }] }],
  ['with a number as name', 'malformed', { ...githubStatement, subject: [{ name: 1, digest }] }],
  ['with a line feed in a name', 'malformed', { ...githubStatement, subject: [{ name: 'a\nb', digest }] }],
  [
    'with a digest in upper case',
    'malformed',
    { ...githubStatement, subject: [{ digest: { sha256: fakeDigest(32, 'A') } }] },
  ],
  [
    'with a digest that is too short',
    'malformed',
    { ...githubStatement, subject: [{ digest: { sha256: fakeDigest(31) } }] },
  ],
  [
    'with a digest of another algorithm’s length',
    'malformed',
    { ...githubStatement, subject: [{ digest: { sha512: fakeDigest(32) } }] },
  ],
  ['with a digest that is no text', 'malformed', { ...githubStatement, subject: [{ digest: { sha256: 1 } }] }],
  ['with an empty digest', 'malformed', { ...githubStatement, subject: [{ digest: { other: '' } }] }],
  ['about too many artifacts', 'too_large', { ...githubStatement, subject: Array(maxSubjects + 1).fill({ digest }) }],
  [
    'with too many digests',
    'too_large',
    {
      ...githubStatement,
      subject: [{ digest: Object.fromEntries(Array.from({ length: maxDigests + 1 }, (_, at) => [`a${at}`, 'x'])) }],
    },
  ],
];

for (const [description, code, statement] of refusals) {
  test(`a statement ${description} is refused`, () => {
    assert.throws(() => parse(statement), { name: 'TrustError', code });
  });
}

test('a statement with a member twice, or above the limit, is refused', () => {
  const text = JSON.stringify(githubStatement);
  const twice = text.replace('"subject"', '"subject":[],"subject"');
  assert.throws(() => parseStatement(encodeText(twice)), { code: 'malformed' });
  assert.throws(() => parseStatement(new Uint8Array(maxStatementBytes + 1)), { code: 'too_large' });
});

const sha256 = fakeDigest(32);
const sha512 = fakeDigest(64, 'b');
const about = (...digests: readonly object[]) =>
  parse({ ...githubStatement, subject: digests.map((one) => ({ digest: one })) });
const artifact = (digests: object) => new Map(Object.entries(digests));

test('an artifact is found among several subjects, by any strong digest', () => {
  const statement = about({ sha256: fakeDigest(32, 'c') }, { sha256 }, { sha512 });
  assert.deepEqual(verifySubject(statement, artifact({ sha256 })), [statement.subjects[1]]);
  assert.deepEqual(verifySubject(statement, artifact({ sha512 })), [statement.subjects[2]]);
  assert.equal(verifySubject(statement, artifact({ sha256, sha512 })).length, 2);
});

for (const [description, digests, of] of [
  ['of another digest', [{ sha256: fakeDigest(32, 'c') }], { sha256 }],
  ['that agrees in one digest and not in the other', [{ sha256, sha512 }], { sha256, sha512: fakeDigest(64, 'c') }],
  ['that agrees in a weak digest alone', [{ sha1: fakeDigest(20) }], { sha1: fakeDigest(20), sha256 }],
  ['that shares no algorithm', [{ sha512 }], { sha256 }],
  [
    'that agrees in the strong digest and not in a weak one',
    [{ sha256, sha1: fakeDigest(20) }],
    { sha256, sha1: fakeDigest(20, 'c') },
  ],
] as const) {
  test(`an artifact ${description} is not the subject`, () => {
    assert.throws(() => verifySubject(about(...digests), artifact(of)), { code: 'subject_mismatch' });
  });
}

test('whatever JSON a statement is, it is read or refused', () => {
  const member = fc.constantFrom('_type', 'subject', 'digest', 'name', 'predicateType', 'predicate', 'sha256');
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom<unknown>(githubStatement._type, sha256, 'x', 1, -0.5, null, true, ''),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(member, tie('value'), { maxKeys: 4 }),
    ),
  })).value;
  fc.assert(
    fc.property(value, (statement) => {
      try {
        parseStatement(encodeText(JSON.stringify(statement)));
      } catch (error) {
        assert.ok(error instanceof TrustError, String(error));
      }
    }),
  );
});
