import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseArray,
  parseInteger,
  parseObject,
  parsePattern,
  parseString,
  parseTime,
  parseTimeText,
} from '@signpost/protocol/json/fields';
import { encodeTime } from '@signpost/protocol/json/time';
import fc from 'fast-check';

test('a time is read back as it was written', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0000-01-01Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
      (date) => {
        assert.equal(parseTimeText(encodeTime(date.getTime()), 'time'), date.getTime());
      },
    ),
  );
});

test('a time has milliseconds only when there are some', () => {
  assert.equal(encodeTime(0), '1970-01-01T00:00:00Z');
  assert.equal(encodeTime(1), '1970-01-01T00:00:00.001Z');
});

test('digits beyond milliseconds are cut off', () => {
  assert.equal(parseTimeText('1970-01-01T00:00:00.0019Z', 'time'), 1);
});

for (const text of [
  '2027-01-01',
  '2027-01-01T00:00:00',
  '2027-01-01T00:00:00+02:00',
  '2027-01-01t00:00:00z',
  '2027-1-1T00:00:00Z',
  '2027-02-29T00:00:00Z',
  '2027-04-31T00:00:00Z',
  '2027-13-01T00:00:00Z',
  '2027-01-01T24:00:00Z',
  '2027-01-01T00:60:00Z',
  '2027-01-01T00:00:60Z',
  '2027-01-01T00:00:00.Z',
  '+002027-01-01T00:00:00Z',
  ' 2027-01-01T00:00:00Z',
]) {
  test(`the time ${text} is refused`, () => {
    assert.throws(() => parseTimeText(text, 'time'), { code: 'malformed' });
  });
}

test('a refusal names the member, what was expected and what came', () => {
  const object = { a: null, b: [1], c: 'x' };
  assert.throws(() => parseObject(object.b, 'b'), { message: 'expected b to be an object, got an array' });
  assert.throws(() => parseArray(object, 'c'), { message: 'expected c to be an array, got string' });
  assert.throws(() => parseString(object, 'a'), { message: 'expected a to be a string, got null' });
  assert.throws(() => parseInteger(object, 'd', 0), {
    message: 'expected d to be an integer of at least 0, got nothing',
  });
  assert.throws(() => parsePattern(object, 'c', /^y$/, 'a y'), { message: 'expected c to be a y, got other text' });
  assert.throws(() => parseTime(object, 'b'), { message: 'expected b to be an RFC 3339 time, got an array' });
});

test('text above its limit is refused', () => {
  assert.throws(() => parseString({ a: 'xyz' }, 'a', 2), { code: 'too_large' });
});
