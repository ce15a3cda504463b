import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isMatch } from '../../../src/http/entity-tag.ts';
import { decideFileAnswer, type FileAnswer, type FileRequest } from '../../../src/releases/public/file-answer.ts';

const etag = '"abc"';

function decide(request: Partial<FileRequest>, sizeBytes = 1000): FileAnswer | 416 {
  try {
    return decideFileAnswer(
      { range: undefined, ifRange: undefined, ifNoneMatch: undefined, ...request },
      { sizeBytes, etag },
    );
  } catch (error) {
    assert.equal((error as { code: string }).code, 'range_not_satisfiable');
    return 416;
  }
}

/** What RFC 9110 says of one range, byte by byte: the positions that it selects. */
function selectNaively(spec: { first: number | undefined; last: number | undefined }, size: number): number[] {
  const { first, last } = spec;
  return Array.from({ length: size }, (_, position) => position).filter((position) => {
    if (first === undefined) return position >= size - (last ?? 0);
    return position >= first && (last === undefined || position <= last);
  });
}

test('a range selects the bytes that a naive reading selects, and 416 stands for none', () => {
  const position = fc.option(fc.nat(60), { nil: undefined });
  fc.assert(
    fc.property(position, position, fc.nat(40), (first, last, size) => {
      fc.pre(first !== undefined || last !== undefined);
      // RFC 9110, 14.1.1: an int-range whose last is below its first is invalid, and then ignored.
      fc.pre(first === undefined || last === undefined || last >= first);
      const answer = decide({ range: `bytes=${first ?? ''}-${last ?? ''}` }, size);
      const expected = selectNaively({ first, last }, size);
      if (expected.length === 0) return assert.equal(answer, 416);
      assert.deepEqual(answer, { status: 206, range: { first: expected[0], last: expected.at(-1) } });
    }),
    { numRuns: 3000 },
  );
});

test('whatever stands in Range, the answer is the whole, a range within the file, or 416', () => {
  const pieces = fc.constantFrom('bytes', '=', '-', ',', '0', '9', ' ', '99999999999999999', 'b', '\u0660', '+', '.');
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), fc.nat(50), (parts, size) => {
      const answer = decide({ range: parts.join('') }, size);
      if (answer === 416 || answer.status !== 206) return;
      assert.ok(0 <= answer.range.first && answer.range.first <= answer.range.last && answer.range.last < size);
    }),
    { numRuns: 3000 },
  );
});

test('several ranges, other units and invalid ranges are answered with the whole', () => {
  for (const range of ['bytes=0-1,3-4', 'bytes=0-1, -1', 'lines=0-1', 'bytes=5-2', 'bytes=-', 'bytes=a-b', '', 'bytes'])
    assert.deepEqual(decide({ range }), { status: 200 }, range);
});

test('the name of the unit may be written in any case', () => {
  assert.deepEqual(decide({ range: 'Bytes=0-9' }), { status: 206, range: { first: 0, last: 9 } });
});

test('a range is for the representation that If-Range names, by a strong tag only', () => {
  const range = 'bytes=0-9';
  assert.deepEqual(decide({ range, ifRange: etag }), { status: 206, range: { first: 0, last: 9 } });
  for (const ifRange of [`W/${etag}`, '"other"', 'Sat, 21 Nov 2026 09:00:00 GMT', ''])
    assert.deepEqual(decide({ range, ifRange }), { status: 200 }, ifRange);
  assert.deepEqual(decide({ range: 'bytes=5000-', ifRange: '"other"' }), { status: 200 });
});

test('If-None-Match is judged before the range, weakly and over the whole list', () => {
  for (const ifNoneMatch of [etag, `W/${etag}`, `"x", ${etag}`, `"x",W/${etag} `, '*', ' * '])
    assert.deepEqual(decide({ ifNoneMatch, range: 'bytes=5000-' }), { status: 304 }, ifNoneMatch);
  for (const ifNoneMatch of ['"x"', 'abc', '', '"ab', '"*"'])
    assert.equal(isMatch(ifNoneMatch, etag), false, ifNoneMatch);
});
