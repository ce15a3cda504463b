/** What a timestamp says: TSTInfo (RFC 3161, 2.4.2). */
import { refuseDer } from '../asn1/malformed.ts';
import { type DerReader, parseDer } from '../asn1/reader.ts';
import { constructedTag, contextTag, tags } from '../asn1/tag.ts';
import {
  boolean,
  type DerValue,
  encodeDer,
  explicit,
  implicit,
  integer,
  oid,
  preciseTime,
  sequence,
  unsigned,
} from '../asn1/writer.ts';
import { readExtensions } from '../x509/extensions.ts';
import { encodeGeneralName, type GeneralName, readGeneralName } from '../x509/general-name.ts';
import { encodeImprint, encodeNonce, type MessageImprint, readImprint, readNonce } from './timestamp-request.ts';

/** A timestamp as it says it is. */
export interface TimestampInfo {
  readonly imprint: MessageImprint;
  /** Dotted: the rules under which the authority works. */
  readonly policy: string;
  /** The content octets of the integer. */
  readonly serialNumber: Uint8Array<ArrayBuffer>;
  /** Unix ms, rounded down. */
  readonly time: number;
  /** How far the true time may be from `time`, in microseconds; `undefined`: the policy says. */
  readonly accuracyMicros: number | undefined;
  /** Whether any two timestamps of this authority are in the order of their times. */
  readonly isOrdered: boolean;
  readonly nonce: Uint8Array<ArrayBuffer> | undefined;
  /** A hint: who signed is found by the signature. */
  readonly authority: GeneralName | undefined;
}

const maxInfoBytes = 16 * 1024;

/** Parses DER. Throws `too_large`, `algorithm_unsupported`, otherwise `malformed`; for critical extensions too. */
export function parseTimestampInfo(bytes: Uint8Array<ArrayBuffer>): TimestampInfo {
  return parseDer(bytes, { maxBytes: maxInfoBytes }, (reader) => {
    const inner = reader.readSequence();
    if (inner.readSmallInteger() !== 1) throw refuseDer('a timestamp of version 1');
    const policy = inner.readOid();
    const imprint = readImprint(inner);
    const serialNumber = inner.readIntegerContent();
    const time = inner.readPreciseTime();
    const accuracyMicros = inner.readOptional(tags.sequence, readAccuracy);
    const isOrdered = inner.readDefaultFalse();
    const nonce = inner.readOptional(tags.integer, readNonce);
    const authority = inner.readExplicit(0, readGeneralName);
    const extensions = inner.readOptional(constructedTag(1), (one) => readExtensions(one, constructedTag(1))) ?? [];
    inner.assertEnd();
    if (extensions.some(({ critical }) => critical)) throw refuseDer('no critical extension of a timestamp');
    return { imprint, policy, serialNumber, time, accuracyMicros, isOrdered, nonce, authority };
  });
}

function readAccuracy(reader: DerReader): number {
  const inner = reader.readSequence();
  const seconds = inner.readOptional(tags.integer, (one) => one.readSmallInteger()) ?? 0;
  const [millis = 0, micros = 0] = [0, 1].map((number) =>
    inner.readOptional(contextTag(number), (one) => one.readSmallInteger(contextTag(number))),
  );
  inner.assertEnd();
  if (millis > 999 || micros > 999) throw refuseDer('an accuracy with parts below 1000');
  return seconds * 1_000_000 + millis * 1000 + micros;
}

/** A timestamp to be written. */
export type TimestampToWrite = Omit<TimestampInfo, 'serialNumber'> & {
  /** Big-endian octets of a positive number. */
  readonly serialNumber: Uint8Array;
};

/** TSTInfo, DER; its time has a fraction where it is no whole second. */
export function encodeTimestampInfo(info: TimestampToWrite): Uint8Array<ArrayBuffer> {
  const { imprint, policy, serialNumber, time, accuracyMicros, isOrdered, nonce, authority } = info;
  return encodeDer(
    sequence(
      integer(1),
      oid(policy),
      encodeImprint(imprint),
      unsigned(serialNumber),
      preciseTime(time),
      accuracyMicros === undefined ? undefined : encodeAccuracy(accuracyMicros),
      isOrdered ? boolean(true) : undefined,
      encodeNonce(nonce),
      authority && explicit(0, encodeGeneralName(authority)),
    ),
  );
}

function encodeAccuracy(accuracyMicros: number): DerValue {
  const parts = [
    Math.floor(accuracyMicros / 1_000_000),
    Math.floor(accuracyMicros / 1000) % 1000,
    accuracyMicros % 1000,
  ];
  const [seconds, millis, micros] = parts.map((part) => (part === 0 ? undefined : integer(part)));
  return sequence(seconds, millis && implicit(contextTag(0), millis), micros && implicit(contextTag(1), micros));
}
