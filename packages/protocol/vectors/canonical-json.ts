/** Vectors of canonical JSON: a JSON text, and its canonical text or the refusal. */

/** A JSON text, and its canonical text or the refusal. */
export interface CanonicalJsonVector {
  readonly name: string;
  readonly text: string;
  readonly expect: { readonly canonical: string } | { readonly refused: 'malformed' | 'not_canonical' };
}

function accept(name: string, text: string, canonical: string = text): CanonicalJsonVector {
  return { name, text, expect: { canonical } };
}

function refuse(name: string, text: string, refused: 'malformed' | 'not_canonical'): CanonicalJsonVector {
  return { name, text, expect: { refused } };
}

function nest(levels: number): string {
  return `${'['.repeat(levels)}1${']'.repeat(levels)}`;
}

export const canonicalJsonVectors: readonly CanonicalJsonVector[] = [
  accept('an object of every kind', '{"a":null,"b":true,"c":false,"d":[],"e":"x","f":0,"g":{"h":-1}}'),
  accept('keys are sorted', '{"b":1,"a":2}', '{"a":2,"b":1}'),
  accept('keys are sorted inside arrays', '[{"b":1,"a":[{"d":1,"c":2}]}]', '[{"a":[{"c":2,"d":1}],"b":1}]'),
  accept('upper case comes before lower case', '{"a":1,"B":2,"_":3}', '{"B":2,"_":3,"a":1}'),
  accept('a prefix comes first', '{"ab":1,"a":2,"":3}', '{"":3,"a":2,"ab":1}'),
  accept('order is by code point, not by UTF-16 unit', '{"😀":1,"\uffee":2}', '{"\uffee":2,"😀":1}'),
  accept('white space goes', ' {\n"a" :\t[ 1 , 2 ]\r} ', '{"a":[1,2]}'),
  accept('slashes are not escaped', '"a\\/b"', '"a/b"'),
  accept('Unicode is not escaped', '"\\u00e4\\ud83d\\ude00"', '"ä😀"'),
  accept('the delete character is not escaped', '"\\u007f"', '"\u007f"'),
  accept('control characters take their short form', '"\\u0008\\u0009\\u000a\\u000c\\u000d"', '"\\b\\t\\n\\f\\r"'),
  accept('other control characters take lower-case hex', '"\\u0000\\u001F"', '"\\u0000\\u001f"'),
  accept('quote and backslash are escaped', '"\\u0022\\u005c"', '"\\"\\\\"'),
  accept('combining characters stay as they are', '"a\\u0308"', '"a\u0308"'),
  accept('the largest integer', '9007199254740991'),
  accept('the smallest integer', '-9007199254740991'),
  accept('a key named __proto__ is a key', '{"__proto__":1,"a":2}'),
  accept('a key that begins with a digit and is no number', '{"1a":1}'),
  accept('32 levels of arrays', nest(32)),
  refuse('33 levels of arrays', nest(33), 'not_canonical'),
  refuse('an empty object', '{}', 'not_canonical'),
  refuse('an empty object inside', '{"a":[{}]}', 'not_canonical'),
  refuse('a fraction', '1.5', 'not_canonical'),
  refuse('a fraction of nothing', '1.0', 'not_canonical'),
  refuse('an exponent', '1e3', 'not_canonical'),
  refuse('negative zero', '-0', 'not_canonical'),
  refuse('an integer above 2^53-1', '9007199254740992', 'not_canonical'),
  refuse('an integer below -(2^53-1)', '-9007199254740992', 'not_canonical'),
  refuse('an integer above 2^64', '18446744073709551617', 'not_canonical'),
  refuse('a key that is an integer', '{"1":1}', 'not_canonical'),
  refuse('a key that is a negative integer', '{"-1":1}', 'not_canonical'),
  refuse('a key that is a fraction', '{"9.5":1,"10.5":2}', 'not_canonical'),
  refuse('a key that is an exponent', '{"1e3":1}', 'not_canonical'),
  refuse('a key that is a number between spaces', '{" 1 ":1}', 'not_canonical'),
  refuse('the line separator', '"\\u2028"', 'not_canonical'),
  refuse('the paragraph separator, raw', '"\u2029"', 'not_canonical'),
  refuse('the line separator in a key', '{"\\u2028":1}', 'not_canonical'),
  refuse('a lone high surrogate', '"\\ud800"', 'not_canonical'),
  refuse('a lone low surrogate', '"\\udc00x"', 'not_canonical'),
  refuse('surrogates in the wrong order', '"\\udc00\\ud800"', 'not_canonical'),
  refuse('the same key twice', '{"a":1,"a":1}', 'malformed'),
  refuse('the same key twice, once escaped', '{"a":1,"\\u0061":2}', 'malformed'),
  refuse('a leading zero', '01', 'not_canonical'),
  refuse('a plus sign', '+1', 'not_canonical'),
  refuse('NaN', 'NaN', 'malformed'),
  refuse('Infinity', '-Infinity', 'not_canonical'),
  refuse('a comma too many in an array', '[1,]', 'malformed'),
  refuse('a comma too many in an object', '{"a":1,}', 'malformed'),
  refuse('a comment', '[1/**/]', 'malformed'),
  refuse('single quotes', "{'a':1}", 'malformed'),
  refuse('a raw control character', '"\n"', 'malformed'),
  refuse('an unknown escape', '"\\x41"', 'malformed'),
  refuse('an unclosed string', '"a', 'malformed'),
  refuse('an unclosed array', '[1', 'malformed'),
  refuse('text after the value', '1 1', 'malformed'),
  refuse('a byte order mark', '\ufeff{"a":1}', 'malformed'),
  refuse('white space that JSON does not know', '\u00a01', 'malformed'),
  refuse('nothing', '', 'malformed'),
];
