/** A public key with what its owner says of it (RFC 9580, 10.1), judged: which keys may sign files under its name, and until when. */
import { TrustError } from '../errors.ts';
import { parseArmored } from './armor.ts';
import { groupComponents, type JudgedComponent, judgeComponent } from './component.ts';
import { packetTypes, parsePackets } from './packet.ts';
import { isSignedBack } from './primary-key-binding.ts';
import { type OpenPgpKey, parseOpenPgpKey, readSigningKey } from './public-key.ts';
import type { OpenPgpSignature } from './signature.ts';

/** A key that signs files. */
export interface SigningKey {
  readonly key: OpenPgpKey;
  /** Unix ms, of the key or of its owner's word for it, whichever ends first; absent: neither expires. */
  readonly expiresAt: number | undefined;
  /** What it signed from then on, Unix ms, does not count; 0: nothing does. Absent: it is not revoked. */
  readonly revokedAt: number | undefined;
}

/** A certificate of OpenPGP. */
export interface OpenPgpCertificate {
  readonly primary: OpenPgpKey;
  /** SubjectPublicKeyInfo of the primary key, which stands for all of them. */
  readonly spki: Uint8Array<ArrayBuffer>;
  /** What the owner is called there, as the first user ID says. */
  readonly userId: string | undefined;
  readonly signingKeys: readonly SigningKey[];
}

const maxBytes = 512 * 1024;

/**
 * Parses a file with one public key, armored or not. Throws `malformed`, `too_large`, `format_unsupported`, `algorithm_unsupported`, and
 * `key_out_of_scope` when nothing may sign under its name. By SHA-2 alone counts what the owner says; others than the owner say nothing.
 */
export async function parseCertificate(file: Uint8Array<ArrayBuffer>): Promise<OpenPgpCertificate> {
  const [first, ...packets] = parsePackets(parseArmored(file, 'PUBLIC KEY BLOCK', maxBytes));
  if (first?.type !== packetTypes.publicKey) throw new TrustError('malformed', 'expected a public key of OpenPGP');
  if (packets.some(({ type }) => type === packetTypes.publicKey)) {
    throw new TrustError('malformed', 'expected one public key in a file');
  }
  const primary = await parseOpenPgpKey(first.body);
  const { spki } = readSigningKey(primary);
  const components: JudgedComponent[] = [];
  for (const component of groupComponents(packets)) components.push(await judgeComponent(primary, component));
  const signingKeys = await selectSigningKeys(primary, components);
  if (signingKeys.length === 0) throw new TrustError('key_out_of_scope', 'expected a key that may sign files');
  const userId = packets.find(({ type }) => type === packetTypes.userId);
  return { primary, spki, userId: userId && new TextDecoder().decode(userId.body), signingKeys };
}

/** RFC 9580, 5.2.3.29: may sign data. */
const signFlag = 0x02;

async function selectSigningKeys(
  primary: OpenPgpKey,
  components: readonly JudgedComponent[],
): Promise<readonly SigningKey[]> {
  const own = components.filter(({ packet }) => packet?.type !== packetTypes.publicSubkey);
  const statement = findNewest(own.flatMap(({ statements }) => statements));
  // Without a word of its owner a key is anybody's.
  if (!statement) return [];
  const whole = {
    expiresAt: expiryOf(primary, statement),
    revokedAt: earliest(own.map(({ revokedAt }) => revokedAt)),
  };
  const keys: SigningKey[] = maySign(statement) ? [{ key: primary, ...whole }] : [];
  for (const { packet, statements, revokedAt } of components) {
    const binding = findNewest(statements);
    if (packet?.type !== packetTypes.publicSubkey || !binding || !maySign(binding)) continue;
    const key = await parseOpenPgpKey(packet.body);
    if (!(await isSignedBack(primary, key, binding))) continue;
    keys.push({
      key,
      expiresAt: earliest([whole.expiresAt, expiryOf(key, binding)]),
      revokedAt: earliest([whole.revokedAt, revokedAt]),
    });
  }
  return keys;
}

function findNewest(statements: readonly OpenPgpSignature[]): OpenPgpSignature | undefined {
  return [...statements].sort((left, right) => right.createdAt - left.createdAt)[0];
}

function maySign({ hashed: { keyFlags = signFlag } }: OpenPgpSignature): boolean {
  return (keyFlags & signFlag) !== 0;
}

/** When the key ends, or what its owner says of it (RFC 9580, 5.2.3.13 and 5.2.3.18). Zero stands for never. */
function expiryOf(key: OpenPgpKey, { createdAt: statedAt, hashed }: OpenPgpSignature): number | undefined {
  const { keyExpiresAfterMs, expiresAfterMs } = hashed;
  return earliest([
    keyExpiresAfterMs ? key.createdAt + keyExpiresAfterMs : undefined,
    expiresAfterMs ? statedAt + expiresAfterMs : undefined,
  ]);
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
