/** The registry's own signature over what it serves (npm's documentation, "About registry signatures"): ECDSA over `name@version:integrity`. */
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { importPublicKey } from '@signpost/protocol/keys/verification-key';
import type { PublisherFact } from '../../facts/fact-set.ts';
import type { RegistryKey, RegistrySignature } from './document.ts';

/** What a registry signs of a version. */
export interface SignedVersion {
  readonly name: string;
  readonly version: string;
  /** Absent for packages from before SHA-512, which no registry signs. */
  readonly integrity: string | undefined;
  /** Unix ms; a key signs until it expires. */
  readonly publishedAt: number | undefined;
}

/** What becomes of the signatures. One that verifies is enough; without keys the registry is none that signs. */
export async function judgeRegistrySignatures(
  signed: SignedVersion,
  signatures: readonly RegistrySignature[],
  keys: readonly RegistryKey[],
): Promise<PublisherFact['registrySignature']> {
  if (keys.length === 0) return 'none-ever';
  if (signatures.length === 0 || signed.integrity === undefined) return 'absent';
  for (const { keyId, signature } of signatures) {
    const key = keys.find((one) => one.keyId === keyId && isOfTime(one, signed));
    if (key && (await isSignedBy(key, signed, signature))) return 'verified';
  }
  return 'invalid';
}

function isOfTime({ expires }: RegistryKey, { publishedAt }: SignedVersion): boolean {
  return expires === undefined || (publishedAt !== undefined && publishedAt < expires);
}

async function isSignedBy(
  { spki }: RegistryKey,
  { name, version, integrity }: SignedVersion,
  signature: string,
): Promise<boolean> {
  try {
    const key = await importPublicKey(parseBase64(spki));
    const message = encodeText(`${name}@${version}:${integrity}`);
    const algorithm = { kind: 'ecdsa', hash: 'SHA-256' } as const;
    await key.verify({ algorithm, message, signature: parseBase64(signature) });
    return true;
  } catch (error) {
    if (error instanceof TrustError) return false;
    throw error;
  }
}
