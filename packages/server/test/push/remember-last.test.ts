import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rememberLast } from '../../src/push/hub/remember-last.ts';

test('a text is read once in a row, another one by itself, and one that throws again', () => {
  const read: string[] = [];
  const parse = rememberLast((text) => {
    read.push(text);
    if (text === 'bad') throw new TypeError('expected another text');
    return text.length;
  });
  for (const [text, length] of [
    ['a', 1],
    ['a', 1],
    ['bc', 2],
    ['a', 1],
  ] as const)
    assert.equal(parse(text), length);
  for (let count = 0; count < 2; count += 1) assert.throws(() => parse('bad'), TypeError);
  assert.equal(parse('a'), 1);
  assert.deepEqual(read, ['a', 'bc', 'a', 'bad', 'bad']);
});
