/** The parts of a public key (RFC 9580, 10.1.1), each with what the owner signed of it: statements and revocations. */
import { TrustError } from '../errors.ts';
import { concatOctets, encodeNumber } from './octets.ts';
import { isVerified, readOwnSignature } from './own-signature.ts';
import { type Packet, packetTypes } from './packet.ts';
import { encodeForHash, type OpenPgpKey } from './public-key.ts';
import { isIssuedBy, type OpenPgpSignature, signatureTypes } from './signature.ts';

/** A user ID, user attribute or subkey; the first one is the primary key itself, without a packet. */
interface Component {
  readonly packet: Packet | undefined;
  readonly signatures: readonly Packet[];
}

/** What the owner says of it. */
export interface JudgedComponent {
  readonly packet: Packet | undefined;
  /** Verified self-signatures: certifications, bindings or direct ones. */
  readonly statements: readonly OpenPgpSignature[];
  /** Unix ms; 0: for all times. Of user IDs there is none: a revoked one has no statements. */
  readonly revokedAt: number | undefined;
}

/** Signatures stand behind what they are of. */
export function groupComponents(packets: readonly Packet[]): readonly Component[] {
  const groups: { packet: Packet | undefined; signatures: Packet[] }[] = [{ packet: undefined, signatures: [] }];
  for (const packet of packets) {
    if (packet.type === packetTypes.signature) groups.at(-1)?.signatures.push(packet);
    else groups.push({ packet, signatures: [] });
  }
  return groups;
}

/** Owners have some tens; each costs a verification. */
const maxOwnSignatures = 300;

const types = {
  key: { statements: [signatureTypes.directKey], revocation: signatureTypes.keyRevocation },
  user: { statements: [0x10, 0x11, 0x12, 0x13], revocation: signatureTypes.certificationRevocation },
  subkey: { statements: [signatureTypes.subkeyBinding], revocation: signatureTypes.subkeyRevocation },
} as const;

/** Throws `too_large` for more than 300 signatures by the owner on one part. */
export async function judgeComponent(primary: OpenPgpKey, { packet, signatures }: Component): Promise<JudgedComponent> {
  const kind = kindOf(packet);
  const nothing = { packet, statements: [], revokedAt: undefined };
  if (!kind) return nothing;
  const verified = await selectVerified(primary, packet, signatures);
  const revocations = verified.filter(({ type }) => type === types[kind].revocation);
  const statements = verified.filter(({ type }) => (types[kind].statements as readonly number[]).includes(type));
  if (kind === 'user') return revocations.length > 0 ? nothing : { packet, statements, revokedAt: undefined };
  // What may be a revocation and cannot be read is taken for one.
  const isUnclear = signatures.some(({ body }) => body[1] === types[kind].revocation && !readOwnSignature(body));
  const times = [...revocations.map(timeOfRevocation), ...(isUnclear ? [0] : [])];
  return { packet, statements, revokedAt: times.length > 0 ? Math.min(...times) : undefined };
}

function kindOf(packet: Packet | undefined): keyof typeof types | undefined {
  if (!packet) return 'key';
  if (packet.type === packetTypes.publicSubkey) return 'subkey';
  return packet.type === packetTypes.userId || packet.type === packetTypes.userAttribute ? 'user' : undefined;
}

/** RFC 9580, 5.2.3.31: what was replaced or retired was good until then; what may have been stolen never was. */
function timeOfRevocation({ createdAt, hashed: { revocationReason } }: OpenPgpSignature): number {
  return revocationReason === 1 || revocationReason === 3 ? createdAt : 0;
}

async function selectVerified(
  primary: OpenPgpKey,
  packet: Packet | undefined,
  signatures: readonly Packet[],
): Promise<readonly OpenPgpSignature[]> {
  const own = signatures
    .map(({ body }) => readOwnSignature(body))
    .filter((signature) => signature !== undefined)
    .filter((signature) => isIssuedBy(signature, primary.fingerprint));
  if (own.length > maxOwnSignatures) {
    throw new TrustError(
      'too_large',
      `expected at most ${maxOwnSignatures} signatures by the owner, got ${own.length}`,
    );
  }
  const verified: OpenPgpSignature[] = [];
  const signed = encodeSigned(primary, packet);
  for (const signature of own) if (await isVerified(primary, signature, signed)) verified.push(signature);
  return verified;
}

/** RFC 9580, 5.2.4: the primary key, and the part behind it. */
function encodeSigned(primary: OpenPgpKey, packet: Packet | undefined): Uint8Array {
  const key = encodeForHash(primary.body);
  if (!packet) return key;
  const { type, body } = packet;
  if (type === packetTypes.publicSubkey) return concatOctets(key, encodeForHash(body));
  const mark = type === packetTypes.userId ? 0xb4 : 0xd1;
  return concatOctets(key, [mark], encodeNumber(body.length, 4), body);
}
