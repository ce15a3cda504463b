import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isPatternMatch,
  maxPatternLength,
  maxWildcards,
  parseIdentityPattern,
} from '@signpost/protocol/sigstore/identity-pattern';
import fc from 'fast-check';

function isMatch(pattern: string, text: string): boolean {
  return isPatternMatch(parseIdentityPattern(pattern), text);
}

const table: readonly (readonly [pattern: string, text: string, expected: boolean])[] = [
  ['refs/tags/v*', 'refs/tags/v1.2.3', true],
  ['refs/tags/v*', 'refs/tags/v', true],
  ['refs/tags/v*', 'xrefs/tags/v1', false],
  ['refs/tags/v*', 'refs/tags/v1/x', false],
  ['refs/tags/v*', 'refs/tags/V1', false],
  ['refs/tags/v1', 'refs/tags/v1.2', false],
  ['refs/tags/v1.2', 'refs/tags/v1x2', false],
  ['*@acme.example', 'ada@acme.example', true],
  ['*@acme.example', 'ada@evil.example@acme.example', false],
  ['*@acme.example', 'ada@acme.example.evil.example', false],
  [
    'https://github.com/acme/*/.github/workflows/release.yml@refs/tags/v*',
    'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1',
    true,
  ],
  [
    'https://github.com/acme/*/.github/workflows/release.yml@refs/tags/v*',
    'https://github.com/acme/a/b/.github/workflows/release.yml@refs/tags/v1',
    false,
  ],
  [
    'https://github.com/acme/app/.github/workflows/*@refs/tags/v*',
    'https://github.com/acme/app/.github/workflows/x.yml@refs/heads/a@refs/tags/v1',
    false,
  ],
  ['https://github.com/acme/**', 'https://github.com/acme/a/b@c', true],
  ['https://github.com/acme/**', 'https://github.com/acmeevil/a', false],
  ['a**b*c', 'a/x/b/yb1c', true],
  ['a**b*c', 'a/x/b/yb/c', false],
  ['(a+)+$', '(a+)+$', true],
  ['[ab]?', 'a', false],
  ['💙*', '💙x', true],
];

for (const [pattern, text, expected] of table) {
  test(`${pattern} ${expected ? 'is for' : 'is not for'} ${text}`, () => {
    assert.equal(isMatch(pattern, text), expected);
  });
}

for (const [description, pattern, code] of [
  ['an empty pattern', '', 'malformed'],
  ['a pattern with a control character', 'a\nb', 'malformed'],
  ['a pattern with three stars in a row', 'a***b', 'malformed'],
  ['a pattern beyond the limit', 'a'.repeat(maxPatternLength + 1), 'too_large'],
  ['a pattern with too many wildcards', 'a*'.repeat(maxWildcards + 1), 'too_large'],
] as const) {
  test(`${description} is refused`, () => {
    assert.throws(() => parseIdentityPattern(pattern), { name: 'TrustError', code });
  });
}

test('a pattern agrees with the anchored regular expression of the same meaning', () => {
  const pieces = fc.array(fc.constantFrom('a', '/', '@', '.', '*', '**'), { maxLength: 8 });
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '/', '@', '.'), maxLength: 10 });
  fc.assert(
    fc.property(pieces, texts, (tokens, text) => {
      const pattern = tokens.join('');
      fc.pre(
        pattern !== '' &&
          !pattern.includes('***') &&
          tokens.filter((one) => one.startsWith('*')).length <= maxWildcards,
      );
      const source = pattern.replaceAll(
        /\*\*|[\s\S]/g,
        (token) => ({ '**': '[^]*', '*': '[^/@]*' })[token] ?? `\\x${token.charCodeAt(0).toString(16)}`,
      );
      assert.equal(isMatch(pattern, text), new RegExp(`^${source}$`).test(text), `${pattern} ${text}`);
    }),
  );
});

test('text without wildcards is for itself alone', () => {
  const texts = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/[\p{Cc}*]/u.test(text));
  fc.assert(
    fc.property(texts, texts, (text, other) => {
      assert.ok(isMatch(text, text));
      assert.equal(isMatch(text, other), text === other);
    }),
  );
});
