/** Documents of an npm registry, whatever stands in them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nameContent } from '../../../../src/watch/readers/facts/content-name.ts';
import {
  maxVersions,
  readAttestations,
  readKeys,
  readVersion,
  readVersions,
} from '../../../../src/watch/readers/npm/document.ts';

const encode = (value: unknown) => new Uint8Array(Buffer.from(JSON.stringify(value)));
const integrity = `sha512-${Buffer.alloc(64, 7).toString('base64')}`;
const shasum = 'a'.repeat(40);

function readDist(dist: object, rest: object = {}) {
  return readVersion(encode({ name: 'rocket', version: '1.0.0', dist, ...rest }), { name: 'rocket', version: '1.0.0' });
}

test('versions are listed from the newest on, with their lines, and the one that is installed by itself is marked', () => {
  const packument = {
    versions: { '1.0.0': {}, '2.0.0-beta.1': {}, '1.1.0': {}, '': {} },
    time: {
      created: '2020-01-01',
      '1.0.0': '2020-01-02T00:00:00.000Z',
      '1.1.0': '2021-01-01',
      '2.0.0-beta.1': 'never',
    },
    'dist-tags': { latest: '1.1.0', beta: '2.0.0-beta.1' },
    readme: '\ud83d',
  };
  const listed = readVersions(encode(packument)) ?? assert.fail('expected versions');
  assert.deepEqual(
    listed.map(({ names, line, publishedAt, isDefault }) => [names.version, line, publishedAt, isDefault]),
    [
      ['1.1.0', '1', Date.UTC(2021, 0, 1), true],
      ['1.0.0', '1', Date.UTC(2020, 0, 2), false],
      ['2.0.0-beta.1', 'pre', undefined, false],
    ],
  );
});

test('of more versions than are kept the newest are', () => {
  const all = Array.from({ length: maxVersions + 2 }, (_, at) => `1.0.${at}`);
  const time = Object.fromEntries(all.map((version, at) => [version, new Date(1e12 + at * 1000).toISOString()]));
  const listed = readVersions(encode({ versions: Object.fromEntries(all.map((one) => [one, {}])), time })) ?? [];
  assert.deepEqual([listed.length, listed[0]?.names.version], [maxVersions, all.at(-1)]);
});

test('content is named by SHA-512, and by SHA-1 where the registry knows no better', () => {
  const modern = readDist({ integrity: `sha1-x ${integrity}`, shasum });
  assert.deepEqual(modern?.digest, { algorithm: 'sha512', hex: '07'.repeat(64) });
  const old = readDist({ shasum });
  assert.deepEqual(old?.digest, { algorithm: 'sha1', hex: shasum });
  assert.match(nameContent({ algorithm: 'sha1', hex: shasum }), /^[0-9a-f]{64}$/);
  assert.equal(readDist({ integrity: 'md5-x', shasum: 'b' }), undefined);
  assert.equal(readDist({}), undefined);
});

test('a document of another package or version is none', () => {
  const bytes = encode({ name: 'rocket', version: '1.0.0', dist: { shasum } });
  assert.equal(readVersion(bytes, { name: 'rocket', version: '1.0.1' }), undefined);
  assert.equal(readVersion(bytes, { name: 'other', version: '1.0.0' }), undefined);
});

test('who published it is read in both ways that registries write it', () => {
  const of = (user: unknown) => readDist({ shasum }, { _npmUser: user })?.publisher;
  assert.deepEqual(of('Ada <ada@mail.example>'), {
    ...{ name: 'Ada', email: 'ada@mail.example', isTrusted: false, isApproved: false },
  });
  assert.deepEqual(of({ name: 'ci', trustedPublisher: { id: 'forge' }, approver: 'ada' }), {
    ...{ name: 'ci', email: undefined, isTrusted: true, isApproved: true },
  });
  for (const none of [
    undefined,
    null,
    7,
    [],
    {},
    '',
    { name: '' },
    ' <ada@mail.example>',
    { email: 'ada@mail.example' },
  ])
    assert.equal(of(none), undefined);
});

test('a publisher whose name is a megabyte of spaces holds nobody up', { timeout: 10_000 }, () => {
  const spaces = ' '.repeat(1024 * 1024);
  assert.equal(readDist({ shasum }, { _npmUser: `Ada${spaces}<ada@mail.example>` })?.publisher?.name, 'Ada');
  assert.equal(readDist({ shasum }, { _npmUser: `${spaces}x<` })?.publisher?.name, undefined);
});

test('of two hashes by SHA-512 nobody says which one npm will take, so there is no document', () => {
  const other = integrity.replace('sha512-', 'sha512-A').slice(0, integrity.length);
  for (const two of [`${integrity} ${integrity}`, `${integrity} ${other}`, `${integrity} sha512-x`, 'sha512-x']) {
    assert.equal(readDist({ integrity: two, shasum }), undefined, two);
  }
});

test('nothing that a registry answers makes a reader fail', () => {
  const names = fc.constantFrom(
    'versions',
    'time',
    'dist-tags',
    'dist',
    'signatures',
    'keys',
    'attestations',
    '_npmUser',
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, fc.jsonValue(), fc.dictionary(names, tie('value')), fc.array(tie('value'))),
  }));
  fc.assert(
    fc.property(fc.oneof(value.map(encode), fc.uint8Array()), (bytes) => {
      readVersions(bytes);
      readAttestations(bytes);
      readKeys(bytes);
      readVersion(bytes, { name: 'rocket', version: '1.0.0' });
    }),
  );
});
