/** Characters for property tests. */
import fc from 'fast-check';

const surrogates = { first: 0xd800, count: 0x800 } as const;

/** Any code point. As fast-check's own unit `binary`, which first maps all of them back: a second in each process. */
export const codePoint: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 0x10ffff - surrogates.count })
  .map((at) => String.fromCodePoint(at < surrogates.first ? at : at + surrogates.count));
