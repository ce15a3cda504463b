/** Subpackets of signatures (RFC 9580, 5.2.3.7). */
import { encodeHex } from '../bytes/hex.ts';
import { TrustError } from '../errors.ts';
import { OctetReader, readLength } from './octets.ts';

/** What is read of them. Times in Unix ms, spans in ms. */
export interface Subpackets {
  readonly createdAt?: number | undefined;
  readonly expiresAfterMs?: number | undefined;
  readonly keyExpiresAfterMs?: number | undefined;
  /** Of the key that signed: 16 upper-case hex digits. */
  readonly issuerKeyId?: string | undefined;
  /** 40 upper-case hex digits. */
  readonly issuerFingerprint?: string | undefined;
  /** The first octet of the key flags; absent: there are none, and the key is for all that it can do. */
  readonly keyFlags?: number | undefined;
  readonly revocationReason?: number | undefined;
  /** A signature packet's body. */
  readonly embeddedSignature?: Uint8Array<ArrayBuffer> | undefined;
}

const types = {
  creationTime: 2,
  expirationTime: 3,
  keyExpirationTime: 9,
  issuerKeyId: 16,
  keyFlags: 27,
  reason: 29,
  embedded: 32,
  issuerFingerprint: 33,
} as const;

/** Those that change nothing of what is asked here, and may be marked as critical: preferences, names, whether it may be exported or revoked, features, places, recipients. */
const ignored: ReadonlySet<number> = new Set([4, 7, 11, 21, 22, 23, 24, 25, 26, 28, 30, 34, 35]);

/** Reads an area. Throws `malformed`, and `format_unsupported` for one that is critical and not known. */
export function parseSubpackets(area: Uint8Array<ArrayBuffer>): Subpackets {
  const reader = new OctetReader(area);
  let found: Subpackets = {};
  while (!reader.atEnd) {
    const length = readLength(reader, reader.readNumber(1));
    if (length === 0) throw new TrustError('malformed', 'expected a subpacket with a type');
    const type = reader.readNumber(1);
    const body = new OctetReader(reader.readBytes(length - 1));
    const read = readSubpacket(type, body);
    // Of two that differ, programs choose differently.
    if (Object.keys(read).some((name) => Object.hasOwn(found, name))) {
      throw new TrustError('malformed', 'expected each subpacket once');
    }
    found = { ...found, ...read };
  }
  return found;
}

function readSubpacket(marked: number, body: OctetReader): Subpackets {
  const type = marked & 0x7f;
  const isCritical = marked !== type;
  switch (type) {
    case types.creationTime:
      return { createdAt: body.readNumber(4) * 1000 };
    case types.expirationTime:
      return { expiresAfterMs: body.readNumber(4) * 1000 };
    case types.keyExpirationTime:
      return { keyExpiresAfterMs: body.readNumber(4) * 1000 };
    case types.issuerKeyId:
      return { issuerKeyId: encodeHex(body.readBytes(8)).toUpperCase() };
    case types.keyFlags:
      return { keyFlags: body.atEnd ? 0 : body.readNumber(1) };
    case types.reason:
      return { revocationReason: body.readNumber(1) };
    case types.embedded:
      return { embeddedSignature: body.readRest() };
    case types.issuerFingerprint:
      return readFingerprint(body);
    default:
      if (!isCritical || ignored.has(type)) return {};
      throw new TrustError('format_unsupported', `expected no critical subpacket of type ${type}`);
  }
}

/** Of keys of other versions there is none that could be compared. */
function readFingerprint(body: OctetReader): Subpackets {
  if (body.readNumber(1) !== 4) return {};
  return { issuerFingerprint: encodeHex(body.readBytes(20)).toUpperCase() };
}
