/** New private keys of authorities, made off the event loop. */
import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { type KeyLabel, parseKeyLabel } from '../profiles/key-label.ts';

const generate = promisify(generateKeyPair);

/** A new private key in PKCS#8; the caller seals and wipes it. */
export async function generateAuthorityKey(label: KeyLabel): Promise<Buffer<ArrayBuffer>> {
  const { privateKey } = await generatePair(label);
  return privateKey.export({ format: 'der', type: 'pkcs8' });
}

function generatePair(label: KeyLabel): Promise<{ readonly privateKey: KeyObject }> {
  const type = parseKeyLabel(label);
  switch (type.kind) {
    case 'ed25519':
      return generate('ed25519', {});
    case 'rsa':
      return generate('rsa', { modulusLength: type.modulusBits, publicExponent: 0x10001 });
    case 'ecdsa':
      return generate('ec', { namedCurve: type.curve });
  }
}
