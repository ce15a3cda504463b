/** Labels in punycode: those of RFC 3492 and of the registries, and those that only look like it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { domainToASCII } from 'node:url';
import { isALabel } from '@signpost/protocol/x509/a-label';
import fc from 'fast-check';

test('A-labels of many scripts are valid', () => {
  for (const word of [
    'münchen',
    'faß',
    'βόλος',
    '例え',
    '中国',
    '한국',
    'россия',
    'भारत',
    'ישראל',
    'مصر',
    'ไทย',
    'café-au-lait',
    'l·l',
    'カ・カ',
    'مصر٣٤',
    `${'a'.repeat(40)}ü`,
  ]) {
    const label = domainToASCII(word);
    assert.match(label, /^xn--/);
    assert.equal(isALabel(label), true, `${word} ${label}`);
  }
});

test('what is no A-label is refused', () => {
  for (const [why, label] of [
    ['plain ASCII', 'example'],
    ['another prefix', 'ab--cd'],
    ['nothing behind the prefix', 'xn--'],
    ['ASCII in punycode', 'xn--example-'],
    ['digits that end early', 'xn--99999'],
    ['a character that is no digit', 'xn--a_b-1ga'],
    ['a code point above U+10FFFF', 'xn--zzzzzzzzzz99'],
    ['capital letters inside', 'xn--wca'],
    ['a symbol', 'xn--g6h'],
    ['an emoji', 'xn--ls8h'],
    ['a combining mark at the start', 'xn--a-wbb'],
    ['full-width letters', 'xn--b-yq0i'],
    ['a middle dot by itself', 'xn--ab-0ea'],
    ['Arabic digits of both sets', 'xn--mgb4j9q'],
    ['64 characters', `xn--${'a'.repeat(55)}-wgb2`],
    ['overflow', 'xn--99999999999999999999'],
  ] as const) {
    assert.equal(isALabel(label), false, why);
  }
});

test('what the platform encodes from letters alone is valid, and nothing leads to an error', () => {
  const letters = fc.string({ unit: fc.constantFrom(...'äöüßéñçαβγабвあ日本한'), minLength: 1, maxLength: 12 });
  fc.assert(fc.property(letters, (word) => isALabel(domainToASCII(word))));
  const digits = fc.stringMatching(/^[a-z0-9-]{0,40}$/);
  fc.assert(
    fc.property(digits, (text) => {
      const label = `xn--${text}`;
      // Whatever is valid here is its own canonical form for the platform, too.
      if (isALabel(label) && domainToASCII(label) !== '') assert.equal(domainToASCII(label), label);
    }),
    { numRuns: 5000 },
  );
});
