/** What registries write into Link, and what strangers may. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findNextLink } from '../../../../src/watch/readers/oci/link.ts';

test('the next page is the link of that relation, wherever it stands', () => {
  assert.equal(findNextLink('</v2/a/tags/list?n=2&last=b>; rel="next"'), '/v2/a/tags/list?n=2&last=b');
  assert.equal(findNextLink('<a>; rel=prev, <b,c>; title="x; rel=next"; REL=Next'), 'b,c');
  assert.equal(findNextLink('<a>; rel="last next"'), 'a');
  assert.equal(findNextLink('<>;rel=next'), '');
});

test('without one there is none', () => {
  for (const text of [
    '',
    'a',
    '<a',
    '<a>',
    '<a>; rel=prev',
    '<a> rel=next',
    '<a>; rel=prev; rel=next',
    '<a>x; rel=next',
  ]) {
    assert.equal(findNextLink(text), undefined, text);
  }
  assert.equal(findNextLink(`<${'a'.repeat(9000)}>; rel=next`), undefined);
});

test('what was written is read again', () => {
  const target = fc.webUrl({ withQueryParameters: true });
  fc.assert(
    fc.property(fc.array(target, { maxLength: 4 }), target, (before, next) => {
      const links = [...before.map((one) => `<${one}>; rel="prev"; title="a \\" <b>, c"`), `<${next}>; rel="next"`];
      assert.equal(findNextLink(links.join(', ')), next);
    }),
  );
});

test('any text is read or not, and soon', () => {
  const piece = fc.constantFrom('<', '>', ';', ',', '"', '\\', ' ', 'rel', '=', 'next', 'a');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece, { maxLength: 300 }).map((pieces) => pieces.join('')),
      ),
      (text) => {
        const next = findNextLink(text);
        assert.ok(next === undefined || text.includes(`<${next}>`));
      },
    ),
  );
});
