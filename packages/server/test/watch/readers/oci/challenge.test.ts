/** What registries write into WWW-Authenticate, and what strangers may. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseChallenges } from '../../../../src/watch/readers/oci/challenge.ts';

function read(text: string) {
  return parseChallenges(text)?.map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

test('the challenges of registries are read', () => {
  const hub = 'Bearer realm="https://auth.docker.io/token",service="hub.example",scope="repository:a/b:pull"';
  const [scheme, parameters] = read(hub)?.[0] ?? [];
  assert.deepEqual(
    [scheme, parameters],
    ['bearer', { realm: 'https://auth.docker.io/token', service: 'hub.example', scope: 'repository:a/b:pull' }],
  );
  assert.deepEqual(read('Basic realm="tests"'), [['basic', { realm: 'tests' }]]);
  assert.deepEqual(read('Basic'), [['basic', {}]]);
  assert.deepEqual(read('Negotiate YII=='), [['negotiate', {}]]);
  assert.deepEqual(read('Basic realm="a, b=\\"c\\"", Bearer REALM = x , error="invalid_token"'), [
    ['basic', { realm: 'a, b="c"' }],
    ['bearer', { realm: 'x', error: 'invalid_token' }],
  ]);
});

test('the first of two parameters of one name counts', () => {
  assert.deepEqual(read('Bearer realm="one", realm="two"'), [['bearer', { realm: 'one' }]]);
});

test('what is no challenge is none', () => {
  for (const text of ['"', '=', 'Bearer realm="open', 'Bearer realm=a b c=d"', `Basic ${'a'.repeat(9000)}`]) {
    assert.equal(parseChallenges(text), undefined, text.slice(0, 30));
  }
  assert.deepEqual(parseChallenges(''), []);
});

const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9._-]{0,10}$/);
const value = fc.stringMatching(/^[ -~]{0,30}$/);
const challenge = fc.record({
  scheme: token.map((text) => text.toLowerCase()),
  parameters: fc.uniqueArray(
    fc.tuple(
      token.map((text) => text.toLowerCase()),
      value,
    ),
    {
      ...{ minLength: 1, maxLength: 4, selector: ([name]) => name },
    },
  ),
});

test('what was written is read again', () => {
  fc.assert(
    fc.property(fc.array(challenge, { minLength: 1, maxLength: 3 }), (challenges) => {
      const text = challenges
        .map(({ scheme, parameters }) => {
          const written = parameters.map(([name, one]) => `${name}="${one.replaceAll(/["\\]/g, '\\$&')}"`);
          return `${scheme} ${written.join(', ')}`;
        })
        .join(', ');
      assert.deepEqual(
        read(text),
        challenges.map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]),
      );
    }),
  );
});

test('any text is read or not, and soon', () => {
  const piece = fc.constantFrom('Bearer ', 'realm', '=', '"', '\\', ',', ' ', 'a', '\u00e4', '==');
  const text = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 200 }).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(text, (written) => {
      for (const { scheme } of parseChallenges(written) ?? []) assert.notEqual(scheme, '');
    }),
  );
});
