/** Packets of OpenPGP (RFC 9580, 4.2), in both forms of their header. */
import { TrustError } from '../errors.ts';
import { OctetReader, readLength } from './octets.ts';

/** A packet. */
export interface Packet {
  /** Its type (RFC 9580, 5). */
  readonly type: number;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** The types that are read. */
export const packetTypes = {
  signature: 2,
  publicKey: 6,
  userId: 13,
  publicSubkey: 14,
  userAttribute: 17,
} as const;

/** Keys that many people certified have some hundreds. */
const maxPackets = 2000;

/** All packets. Throws `malformed`, `too_large` for more than 2,000, and `format_unsupported` for lengths that only data of messages has. */
export function parsePackets(bytes: Uint8Array<ArrayBuffer>): readonly Packet[] {
  const reader = new OctetReader(bytes);
  const packets: Packet[] = [];
  while (!reader.atEnd) {
    if (packets.length === maxPackets) throw new TrustError('too_large', `expected at most ${maxPackets} packets`);
    packets.push(readPacket(reader));
  }
  return packets;
}

function readPacket(reader: OctetReader): Packet {
  const header = reader.readNumber(1);
  if ((header & 0x80) === 0) throw new TrustError('malformed', 'expected a packet of OpenPGP');
  // 4.2.1: with the next bit set it is the form of RFC 2440 and later.
  if ((header & 0x40) !== 0) {
    const first = reader.readNumber(1);
    if (first >= 224 && first < 255) throw new TrustError('format_unsupported', 'expected a packet in one piece');
    return { type: header & 0x3f, body: reader.readBytes(readLength(reader, first)) };
  }
  const octets = ([1, 2, 4] as const)[header & 3];
  if (octets === undefined) throw new TrustError('format_unsupported', 'expected a packet that says its length');
  return { type: (header >> 2) & 0xf, body: reader.readBytes(reader.readNumber(octets)) };
}
