/** Arbitrary values that may be signed. */
import type { SignableObject, SignableValue } from '@signpost/protocol/json/canonical';
import fc from 'fast-check';
import { codePoint } from '../code-points.ts';

const texts = fc.string({ unit: codePoint, maxLength: 10 }).map((text) => text.replaceAll(/[\u2028\u2029]/g, '.'));
const keys = fc
  .oneof(texts, fc.constantFrom('a', 'b', 'ab', '__proto__', 'constructor', '\uffee', '😀'))
  .map((key) => (/^\s*[+-.]?[0-9]/.test(key) ? `k${key}` : key));
const integers = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -9, max: 9 })).map((value) => value || 0);

const { value, object } = fc.letrec<{ value: SignableValue; object: SignableObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(texts, integers, fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc.dictionary(keys, tie('value'), { minKeys: 1, maxKeys: 5 }) as fc.Arbitrary<SignableObject>,
}));

export const signableValues: fc.Arbitrary<SignableValue> = value;
export const signableObjects: fc.Arbitrary<SignableObject> = object;
