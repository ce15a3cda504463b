import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { durationPattern, formatDuration, parseDuration } from '../../../src/pki/profiles/duration.ts';
import { findProfile, openBuiltInProfiles, parseProfiles } from '../../../src/pki/profiles/profile.ts';
import document from '../../../src/pki/profiles/profiles.json' with { type: 'json' };

const { server } = document;

suite('the file of profiles', () => {
  test('is valid, and holds what issues of authorities, servers, people and programs', () => {
    const names = [...openBuiltInProfiles().keys()];
    assert.deepEqual(names, [
      ...['root', 'intermediate', 'server', 'server-short-lived', 'client', 'email', 'code-signing', 'timestamping'],
      'ocsp-responder',
    ]);
  });

  test('is refused with every problem named at once', () => {
    const broken = {
      server: { ...server, lifetime: { default: '90 days', maximum: '1d', beyond_issuer: 'clamp' }, colour: 'red' },
      A: server,
      ca: { ...server, key_usage: { all: ['keyCertSign'] }, names: { ...server.names, minimum: 200 } },
    };
    const expected = [/server\.lifetime\.default: /, /server: .*colour/, /A: expected a name/, /ca\.names\.minimum/];
    for (const pattern of expected) assert.throws(() => parseProfiles(broken), pattern);
  });

  const contradictions: Readonly<Record<string, object>> = {
    'a default above the maximum': { lifetime: { default: '2d', maximum: '1d', beyond_issuer: 'clamp' } },
    'a default of nothing': { lifetime: { default: '0m', maximum: '1d', beyond_issuer: 'clamp' } },
    'backdating by more than a day': { backdate: '2d' },
    'fewer names at most than at least': { names: { ...server.names, minimum: 2, maximum: 1 } },
    'names without a kind': { names: { ...server.names, kinds: [] } },
    'a leaf that signs certificates': { key_usage: { all: ['keyCertSign'] } },
    'a path length in a leaf': { path_length: { default: 0, maximum: 0 } },
    'name constraints in a leaf': { name_constraints: { permitted: ['dns:a.example'], excluded: [] } },
    'constraints that are none': { name_constraints: { permitted: ['a.example'], excluded: [] } },
  };
  const { intermediate } = document;
  const ofAuthorities: Readonly<Record<string, object>> = {
    'a path length above its maximum': { path_length: { default: 2, maximum: 1 } },
    'no signature of revocation lists': { key_usage: { all: ['keyCertSign'] } },
    'alternative names': { names: { ...intermediate.names, kinds: ['dns'], maximum: 1 } },
    'a stapled answer': { must_staple: true },
    'purposes without the one that OCSP needs': { extended_key_usage: { purposes: ['serverAuth'], critical: false } },
  };
  for (const [what, change] of Object.entries(ofAuthorities)) {
    test(`is refused with an intermediate that has ${what}`, () => {
      assert.throws(() => parseProfiles({ broken: { ...intermediate, ...change } }), TypeError);
    });
  }

  const hashes: Readonly<Record<string, readonly [hash: object, problem: RegExp]>> = {
    'a hash for Ed25519, which has its own': [
      { ed25519: 'SHA-512' },
      /broken\.hash: expected issuer keys whose hash can be chosen .* got ed25519/,
    ],
    'SHA-1': [{ 'rsa-2048': 'SHA-1' }, /broken\.hash\.rsa-2048: .*SHA-256/],
    'a hash that is weaker than the curve': [{ 'ecdsa-p384': 'SHA-256' }, /broken\.hash\.ecdsa-p384: .*SHA-384/],
    'a hash for keys that nobody has here': [{ 'dsa-2048': 'SHA-256' }, /broken\.hash: .*dsa-2048/],
  };
  for (const [what, [hash, problem]] of Object.entries(hashes)) {
    test(`is refused with ${what}`, () => {
      assert.throws(() => parseProfiles({ broken: { ...server, hash } }), problem);
    });
  }

  for (const [what, change] of Object.entries(contradictions)) {
    test(`is refused with ${what}`, () => {
      assert.throws(() => parseProfiles({ broken: { ...server, ...change } }), TypeError);
    });
  }
});

test('a profile that does not exist is refused with those that do', () => {
  assert.throws(() => findProfile(openBuiltInProfiles(), 'webserver'), {
    code: 'not_found',
    hint: /server-short-lived/,
  });
});

suite('durations', () => {
  test('come back as they were written in their largest unit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99_999 }), (minutes) => {
        assert.equal(parseDuration(formatDuration(minutes * 60_000)), minutes * 60_000);
      }),
    );
    assert.deepEqual([formatDuration(90 * 86_400_000), formatDuration(160 * 3_600_000)], ['90d', '160h']);
  });

  test('that are none are refused', () => {
    for (const text of ['', '90', 'd', '-1d', '1.5d', '01d', '1w', '100000d']) {
      assert.equal(durationPattern.test(text), false);
      assert.throws(() => parseDuration(text), TypeError);
    }
  });
});
