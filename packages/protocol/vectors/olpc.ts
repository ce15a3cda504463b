/** Vectors of OLPC canonical JSON: a JSON text, and its canonical text or the refusal. */
import type { CanonicalJsonVector } from './canonical-json.ts';

function accept(name: string, text: string, canonical: string = text): CanonicalJsonVector {
  return { name: `OLPC: ${name}`, text, expect: { canonical } };
}

function refuse(name: string, text: string, refused: 'malformed' | 'not_canonical'): CanonicalJsonVector {
  return { name: `OLPC: ${name}`, text, expect: { refused } };
}

export const olpcVectors: readonly CanonicalJsonVector[] = [
  accept('an object of every kind', '{"a":null,"b":true,"c":false,"d":[],"e":"x","f":0,"g":{"h":-1}}'),
  accept('an empty object', '{}'),
  accept(
    'keys are sorted at every depth, and white space goes',
    ' {"b": [{"d": 1, "c": 2}],\n"a": 3} ',
    '{"a":3,"b":[{"c":2,"d":1}]}',
  ),
  accept('order is by code point, not by UTF-16 unit', '{"😀":1,"\uffee":2}', '{"\uffee":2,"😀":1}'),
  accept('a line feed stands as it is', '"-----BEGIN\\n"', '"-----BEGIN\n"'),
  accept(
    'every control character stands as it is',
    '"\\u0000\\b\\t\\f\\r\\u001f\\u007f"',
    '"\u0000\b\t\f\r\u001f\u007f"',
  ),
  accept('quote and backslash are escaped, and nothing else', '"\\u0022\\u005c\\/\\u00e4"', '"\\"\\\\/ä"'),
  accept('line and paragraph separators stand as they are', '"\\u2028\\u2029"', '"\u2028\u2029"'),
  accept('a key that is a number', '{"10":1,"9":2,"1.5":3}', '{"1.5":3,"10":1,"9":2}'),
  accept('a key named __proto__ is a key', '{"__proto__":1}'),
  refuse('a fraction', '1.5', 'not_canonical'),
  refuse('an exponent', '1e3', 'not_canonical'),
  refuse('negative zero', '-0', 'not_canonical'),
  refuse('an integer above 2^53-1', '9007199254740992', 'not_canonical'),
  refuse('a lone surrogate', '"\\ud800"', 'not_canonical'),
  refuse('33 levels of arrays', `${'['.repeat(33)}1${']'.repeat(33)}`, 'not_canonical'),
  refuse('a key twice', '{"a":1,"a":1}', 'malformed'),
  refuse('text after the end', '{} {}', 'malformed'),
];
