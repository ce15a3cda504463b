/** What a timestamp authority answers (RFC 3161, 2.4.2): a token, or why there is none. */
import { refuseDer } from '../asn1/malformed.ts';
import { type DerReader, parseDer } from '../asn1/reader.ts';
import { tags } from '../asn1/tag.ts';
import { type DerValue, encodeDer, encoded, integer, namedBits, sequence, sequenceOf, string } from '../asn1/writer.ts';
import { maxSignedDataBytes } from './signed-data.ts';

/** PKIFailureInfo: the reasons that RFC 3161 knows, with their bits. */
export const timestampFailures = {
  badAlg: 0,
  badRequest: 2,
  badDataFormat: 5,
  timeNotAvailable: 14,
  unacceptedPolicy: 15,
  unacceptedExtension: 16,
  addInfoNotAvailable: 17,
  systemFailure: 25,
} as const;

/** A reason for a refusal. */
export type TimestampFailure = keyof typeof timestampFailures;

/** An answer. A token in it is not verified: see `verifyTimestamp`. */
export type TimestampResponse =
  /** `isModified`: another one than was asked for. */
  | { readonly kind: 'granted'; readonly token: Uint8Array<ArrayBuffer>; readonly isModified: boolean }
  | {
      readonly kind: 'refused';
      /** PKIStatus: 2 is a rejection, 3 to 5 other reasons to have no token. */
      readonly status: number;
      readonly failures: readonly TimestampFailure[];
      /** The authority's own words: text of a stranger. */
      readonly text: string;
    };

/** Parses DER. Throws `too_large` or `malformed`. */
export function parseTimestampResponse(bytes: Uint8Array<ArrayBuffer>): TimestampResponse {
  return parseDer(bytes, { maxBytes: maxSignedDataBytes }, (reader) => {
    const inner = reader.readSequence();
    const { status, text, failures } = readStatus(inner.readSequence());
    const token = inner.atEnd ? undefined : inner.readElement().bytes;
    inner.assertEnd();
    // RFC 3161, 2.4.2: with a status of 0 or 1 there is a token, otherwise there is none.
    if (status < 2 !== (token !== undefined)) throw refuseDer('a token if and only if it was granted');
    return token ? { kind: 'granted', token, isModified: status === 1 } : { kind: 'refused', status, failures, text };
  });
}

function readStatus(reader: DerReader): {
  readonly status: number;
  readonly text: string;
  readonly failures: readonly TimestampFailure[];
} {
  const status = reader.readSmallInteger();
  const texts = reader.readOptional(tags.sequence, readTexts) ?? [];
  const mask = reader.readOptional(tags.bitString, (one) => one.readNamedBits()) ?? 0;
  reader.assertEnd();
  if (status > 5) throw refuseDer('a status from 0 to 5');
  const all = Object.keys(timestampFailures) as TimestampFailure[];
  const failures = all.filter((failure) => mask & (1 << timestampFailures[failure]));
  return { status, text: texts.join(' '), failures };
}

function readTexts(reader: DerReader): readonly string[] {
  return reader.readSequence().readAll((one) => one.readString([tags.utf8String]).text);
}

/** An answer with a token, DER. */
export function encodeGranted(token: Uint8Array): Uint8Array<ArrayBuffer> {
  return encodeDer(sequence(sequence(integer(0)), encoded(token)));
}

/** A rejection, DER, with words for people. */
export function encodeRefused(failure: TimestampFailure, text: string): Uint8Array<ArrayBuffer> {
  const words: DerValue = sequenceOf([string(tags.utf8String, text)]);
  return encodeDer(sequence(sequence(integer(2), words, namedBits(1 << timestampFailures[failure]))));
}
