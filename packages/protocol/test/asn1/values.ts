/** Arbitrary DER: values with a reader that gives them back. */
import assert from 'node:assert/strict';
import type { DerReader } from '@signpost/protocol/asn1/reader';
import { tags } from '@signpost/protocol/asn1/tag';
import {
  boolean,
  type DerValue,
  explicit,
  integer,
  namedBits,
  octetString,
  oid,
  sequenceOf,
  setOf,
  string,
  time,
} from '@signpost/protocol/asn1/writer';
import fc from 'fast-check';
import { codePoint } from '../code-points.ts';

/** A value, and an assertion that reads it. */
export interface Sample {
  readonly value: DerValue;
  readonly read: (reader: DerReader) => void;
}

const integers = fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }).map((number): Sample => {
  return { value: integer(number), read: (reader) => assert.equal(reader.readInteger(), number) };
});

const oids = fc
  .tuple(
    fc.oneof(
      fc.tuple(fc.constantFrom(0n, 1n), fc.bigInt({ min: 0n, max: 39n })),
      fc.tuple(fc.constant(2n), fc.bigInt({ min: 0n, max: 2n ** 128n })),
    ),
    fc.array(fc.oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: 0n, max: 2n ** 70n })), { maxLength: 8 }),
  )
  .map(([root, rest]): Sample => {
    const text = [...root, ...rest].join('.');
    return { value: oid(text), read: (reader) => assert.equal(reader.readOid(), text) };
  });

const strings = fc.string({ unit: codePoint }).map((text): Sample => {
  return {
    value: string(tags.utf8String, text),
    read: (reader) => assert.equal(reader.readString([tags.utf8String]).text, text),
  };
});

const times = fc
  .integer({ min: Date.parse('0000-01-01T00:00:00Z') / 1000, max: 253402300799 })
  .map((seconds): Sample => {
    return { value: time(seconds * 1000), read: (reader) => assert.equal(reader.readTime(), seconds * 1000) };
  });

const others = fc.oneof(
  fc.boolean().map((flag): Sample => {
    return { value: boolean(flag), read: (reader) => assert.equal(reader.readBoolean(), flag) };
  }),
  fc.integer({ min: 0, max: 2 ** 31 - 1 }).map((mask): Sample => {
    return { value: namedBits(mask), read: (reader) => assert.equal(reader.readNamedBits(), mask) };
  }),
  fc.uint8Array({ maxLength: 300 }).map((bytes): Sample => {
    return {
      value: octetString(bytes),
      read: (reader) => assert.deepEqual(reader.readOctetString(), new Uint8Array(bytes)),
    };
  }),
);

/** Any value, up to five levels deep. */
export const samples: fc.Arbitrary<Sample> = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'der' },
    integers,
    oids,
    strings,
    times,
    others,
    fc.array(tie('sample'), { maxLength: 5, depthIdentifier: 'der' }).map(nestInSequence),
    fc.array(tie('sample'), { maxLength: 5, depthIdentifier: 'der' }).map(nestInSet),
    fc.tuple(fc.nat(30), tie('sample')).map(nestInTag),
  ),
})).sample;

function nestInSequence(members: readonly Sample[]): Sample {
  return {
    value: sequenceOf(members.map(({ value }) => value)),
    read: (reader) => {
      const inner = reader.readSequence();
      for (const { read } of members) read(inner);
      inner.assertEnd();
    },
  };
}

/** Order is lost in a set: its members are counted. */
function nestInSet(members: readonly Sample[]): Sample {
  return {
    value: setOf(members.map(({ value }) => value)),
    read: (reader) => assert.equal(reader.readSet().readAll((set) => set.readElement()).length, members.length),
  };
}

function nestInTag([number, { value, read }]: [number, Sample]): Sample {
  return {
    value: explicit(number, value),
    read: (reader) => assert.ok(reader.readExplicit(number, (inner) => [read(inner)])),
  };
}
