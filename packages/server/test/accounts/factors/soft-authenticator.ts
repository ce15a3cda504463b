/** An authenticator in software: passkeys on P-256 as a browser hands them over (WebAuthn Level 3, 6.1 and 6.5), with every mistake that a test asks for. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** Where and how it is used; a test changes what it is about. */
export interface SoftUse {
  readonly rpId: string;
  readonly origin: string;
  readonly userVerified: boolean;
  /** The counter that is shown; one more than the last when absent. */
  readonly counter?: number;
  readonly userHandle?: string | undefined;
}

const present = 0x01;
const verified = 0x04;
const attested = 0x40;

/** One passkey on one device. */
export class SoftAuthenticator {
  readonly id: string = randomBytes(32).toString('base64url');
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #usual: SoftUse;
  #counter = 0;

  constructor(usual: Partial<SoftUse> = {}) {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#privateKey = pair.privateKey;
    this.#publicKey = pair.publicKey;
    this.#usual = {
      ...{ rpId: 'signpost.example', origin: 'https://signpost.example', userVerified: true },
      ...usual,
    };
  }

  /** What `navigator.credentials.create` gives for this challenge. */
  register(challenge: string, use: Partial<SoftUse> = {}) {
    const { rpId, origin, userVerified, counter } = { ...this.#usual, ...use };
    const data = Buffer.concat([
      authenticatorData(rpId, attested | present | (userVerified ? verified : 0), this.#advance(counter)),
      Buffer.alloc(16),
      Buffer.from([0, 32]),
      Buffer.from(this.id, 'base64url'),
      encodeCoseKey(this.#publicKey),
    ]);
    // {"fmt": "none", "attStmt": {}, "authData": bytes} in CBOR (RFC 8949).
    const attestation = Buffer.concat([
      Buffer.from([0xa3, 0x63]),
      Buffer.from('fmt'),
      Buffer.from([0x64]),
      Buffer.from('none'),
      Buffer.from([0x67]),
      Buffer.from('attStmt'),
      Buffer.from([0xa0, 0x68]),
      Buffer.from('authData'),
      Buffer.from([0x58, data.length]),
      data,
    ]);
    return this.#credential({
      clientDataJSON: clientData('webauthn.create', challenge, origin),
      attestationObject: attestation.toString('base64url'),
      transports: ['internal'],
    });
  }

  /** What `navigator.credentials.get` gives for this challenge. */
  assert(challenge: string, use: Partial<SoftUse> = {}) {
    const { rpId, origin, userVerified, counter, userHandle } = { ...this.#usual, ...use };
    const data = authenticatorData(rpId, present | (userVerified ? verified : 0), this.#advance(counter));
    const clientDataJSON = clientData('webauthn.get', challenge, origin);
    const digest = createHash('sha256').update(Buffer.from(clientDataJSON, 'base64url')).digest();
    const signature = sign('sha256', Buffer.concat([data, digest]), this.#privateKey);
    return this.#credential({
      clientDataJSON,
      authenticatorData: data.toString('base64url'),
      signature: signature.toString('base64url'),
      ...(userHandle === undefined ? {} : { userHandle }),
    });
  }

  #credential<Response>(response: Response) {
    return { id: this.id, rawId: this.id, type: 'public-key', response, clientExtensionResults: {} };
  }

  #advance(counter: number | undefined): number {
    this.#counter = counter ?? this.#counter + 1;
    return this.#counter;
  }
}

function clientData(type: string, challenge: string, origin: string): string {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false })).toString('base64url');
}

function authenticatorData(rpId: string, flags: number, counter: number): Buffer {
  const end = Buffer.alloc(5);
  end.writeUInt8(flags);
  end.writeUInt32BE(counter, 1);
  return Buffer.concat([createHash('sha256').update(rpId).digest(), end]);
}

/** {1: 2, 3: -7, -1: 1, -2: x, -3: y} (RFC 9053, 7.1.1). */
function encodeCoseKey(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return Buffer.concat([
    Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]),
    Buffer.from(x, 'base64url'),
    Buffer.from([0x22, 0x58, 0x20]),
    Buffer.from(y, 'base64url'),
  ]);
}
