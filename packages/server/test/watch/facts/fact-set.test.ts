/** Equal facts have one text and one name, whatever strangers wrote into them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFactSet, type FactSet, hashFactSet } from '../../../src/watch/facts/fact-set.ts';
import { encodePlain } from '../../../src/watch/facts/plain-text.ts';

const facts: FactSet = {
  ...{ signatures: 'unknown', isCapped: false, provenance: [], sbom: 'absent' },
  content: 'a'.repeat(64),
};

test('the order of members and members that are undefined make no difference', () => {
  const { content, ...others } = facts;
  const same: FactSet = { publishedAt: undefined, content, announced: undefined, ...others };
  assert.equal(hashFactSet(same), hashFactSet(facts));
  assert.match(hashFactSet(facts), /^[0-9a-f]{64}$/);
  assert.notEqual(hashFactSet({ ...facts, provenance: 'unknown' }), hashFactSet(facts));
  assert.equal(
    encodeFactSet(facts),
    `{"content":"${facts.content}","isCapped":false,"provenance":[],"sbom":"absent","signatures":"unknown"}`,
  );
});

test('every value of JSON has one text that is read as that value', () => {
  const value = fc.jsonValue({ noUnicodeString: false }).map((one) => JSON.parse(JSON.stringify(one)) as unknown);
  fc.assert(
    fc.property(value, (one) => {
      assert.deepEqual(JSON.parse(encodePlain(one)), one);
    }),
  );
  assert.equal(encodePlain('\ud800\u2028\u0000'), '"\\ud800\u2028\\u0000"');
});

test('what JSON does not have is a mistake of the program', () => {
  for (const value of [undefined, () => 1, Number.NaN, [Number.POSITIVE_INFINITY], Symbol('x')]) {
    assert.throws(() => encodePlain(value), TypeError);
  }
});
