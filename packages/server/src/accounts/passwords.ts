/** Passwords of people: Argon2id (RFC 9106), kept as PHC strings, never more than two computed at once. */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Refusal } from '../errors.ts';

/** A PHC string of Argon2id: what may be stored. Only `Passwords.hash` makes one. */
export type PasswordHash = string & { readonly kind: 'password-hash' };

/** Characters (code points) of a password. */
const passwordLength = { min: 12, max: 1024 } as const;

// RFC 9106, section 4, the second recommended option.
const parameters = { memory: 65_536, passes: 3, parallelism: 4 } as const;
const saltBytes = 16;
const tagBytes = 32;

const maxRunning = 2;
/** Beyond this many the server is flooded, and says so instead of letting everyone wait. */
const maxWaiting = 32;

/** Turns a password, in NFC, and a salt into a tag of 32 bytes, slowly. */
type PasswordDerivation = (message: Uint8Array, nonce: Uint8Array) => Promise<Uint8Array>;

const deriveTag = promisify(argon2);

const deriveByArgon2: PasswordDerivation = (message, nonce) =>
  deriveTag('argon2id', { message, nonce, tagLength: tagBytes, ...parameters });

/** Throws `Refusal('invalid')` unless `password` may be chosen. */
export function assertPassword(password: string): void {
  const length = [...password.normalize('NFC')].length;
  if (length < passwordLength.min || length > passwordLength.max) {
    throw new Refusal('invalid', `expected a password of ${passwordLength.min} to ${passwordLength.max} characters`, {
      rule: 'password-length',
    });
  }
}

/** Computes and verifies. One for the process, since it bounds the memory that this takes. */
export class Passwords {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #deriveTag: PasswordDerivation;

  /** Another derivation than Argon2id is for tests, which would wait for it hundreds of times. */
  constructor(derive: PasswordDerivation = deriveByArgon2) {
    this.#deriveTag = derive;
  }

  /** Hashes a password that `assertPassword` allows; throws its refusal otherwise. */
  async hash(password: string): Promise<PasswordHash> {
    assertPassword(password);
    const salt = randomBytes(saltBytes);
    return encodeHash(salt, await this.#derive(password, salt));
  }

  /** Whether `password` is the one of `hash`. Without a hash the answer is no, and takes as long. */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    const { salt, tag } = hash === undefined ? decoy : parseHash(hash);
    // Cut, so that an endless password costs no more than the longest allowed one; none that is cut can match.
    const isTooLong = password.length > passwordLength.max * 4;
    const derived = await this.#derive(isTooLong ? '' : password, salt);
    return timingSafeEqual(derived, tag) && hash !== undefined && !isTooLong;
  }

  async #derive(password: string, nonce: Uint8Array): Promise<Uint8Array> {
    await this.#enter();
    try {
      return await this.#deriveTag(Buffer.from(password.normalize('NFC')), nonce);
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < maxRunning) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= maxWaiting) {
      throw new Refusal('unavailable', 'too many passwords are being verified', { retryAfterSeconds: 5 });
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Hands the place to the next in line, if somebody waits. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running -= 1;
  }
}

const decoy = { salt: Buffer.alloc(saltBytes), tag: Buffer.alloc(tagBytes) };

// https://github.com/P-H-C/phc-string-format: base64 without padding.
function encodeHash(salt: Uint8Array, tag: Uint8Array): PasswordHash {
  const { memory, passes, parallelism } = parameters;
  const encoded = [salt, tag].map((bytes) => Buffer.from(bytes).toString('base64').replaceAll('=', ''));
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${encoded.join('$')}` as PasswordHash;
}

/** Throws when the row holds something else: there is one set of parameters, and no other was ever written. */
function parseHash(hash: string): { salt: Buffer; tag: Buffer } {
  const match = /^\$argon2id\$v=19\$m=65536,t=3,p=4\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/.exec(hash);
  if (!match) throw new Error('expected a password hash of Argon2id with m=65536, t=3, p=4');
  return { salt: Buffer.from(match[1] ?? '', 'base64'), tag: Buffer.from(match[2] ?? '', 'base64') };
}
