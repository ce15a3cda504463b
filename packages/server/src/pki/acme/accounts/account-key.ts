/** Keys of accounts: which ones are taken, and imported ones kept ready. */
import { TrustError } from '@signpost/protocol/errors';
import { convertJwk, deriveThumbprint, type Jwk, parseJwk } from '@signpost/protocol/jose/jwk';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import type { VerificationKey } from '@signpost/protocol/keys/verification-key';
import { openNodeKey } from '../../certificates/node-verification-key.ts';
import { AcmeProblem } from '../problem.ts';
import type { AccountRow } from './store.ts';

/** A key that an account may have. */
export interface AccountKey {
  readonly jwk: Jwk;
  readonly thumbprint: string;
  readonly key: VerificationKey;
}

/** Imported keys that are kept; the one used least recently goes first. */
const maxKept = 4096;

/** The keys of accounts, imported once each. */
export class AccountKeys {
  readonly #kept = new Map<string, AccountKey>();

  /** The key that a header carries. Throws `badPublicKey`. */
  async parse(object: SignableObject): Promise<AccountKey> {
    try {
      const jwk = parseJwk(object);
      assertStrong(jwk);
      const thumbprint = await deriveThumbprint(jwk);
      return this.#keep(this.#kept.get(thumbprint) ?? (await importKey(jwk, thumbprint)));
    } catch (error) {
      if (!(error instanceof TrustError)) throw error;
      throw new AcmeProblem('badPublicKey', error.message, { cause: error });
    }
  }

  /** The key of a stored account. */
  async open({ jwk, thumbprint }: Pick<AccountRow, 'jwk' | 'thumbprint'>): Promise<AccountKey> {
    return this.#keep(this.#kept.get(thumbprint) ?? (await importKey(JSON.parse(jwk) as Jwk, thumbprint)));
  }

  #keep(key: AccountKey): AccountKey {
    this.#kept.delete(key.thumbprint);
    this.#kept.set(key.thumbprint, key);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= maxKept) break;
      this.#kept.delete(oldest);
    }
    return key;
  }
}

async function importKey(jwk: Jwk, thumbprint: string): Promise<AccountKey> {
  return { jwk, thumbprint, key: await openNodeKey(convertJwk(jwk)) };
}

function assertStrong(jwk: Jwk): void {
  if (jwk.kty === 'EC' && jwk.crv === 'P-521') throw refuse('expected a key on P-256, P-384 or Ed25519, or RSA');
  if (jwk.kty !== 'RSA') return;
  const subject = convertJwk(jwk);
  if (subject.kind === 'rsa' && (subject.modulusBits < 2048 || subject.modulusBits > 4096)) {
    throw refuse(`expected RSA of 2048 to 4096 bits, got ${subject.modulusBits}`);
  }
  // NIST SP 800-56B, 6.2: an exponent below 2^16 + 1 is a mistake of whoever made the key.
  if (subject.kind === 'rsa' && subject.exponent.length < 3) throw refuse('expected an RSA exponent of 65537 at least');
}

function refuse(message: string): AcmeProblem {
  return new AcmeProblem('badPublicKey', message);
}
