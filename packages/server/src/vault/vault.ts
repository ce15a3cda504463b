/**
 * The vault: secrets at rest under a random data key, which the key of the master password wraps. The data key exists in
 * memory only, from unlocking to locking.
 */
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { Refusal } from '../errors.ts';
import { afterCommit } from '../storage/database/transactions.ts';
import type { Database, Query } from '../storage/database.ts';
import {
  type Argon2Parameters,
  currentParameters,
  deriveMasterKey,
  encodeParameters,
  parseParameters,
} from './argon2.ts';
import { fingerprintKey, type SealPlace, sealUnder, unsealUnder } from './sealing.ts';
import {
  deleteVault,
  insertVaultRecord,
  noteFingerprint,
  readVaultRecord,
  updateVaultRecord,
  type VaultRecord,
} from './store.ts';

/** `absent` before `create`; `locked` until the password is given. */
export type VaultState = 'absent' | 'locked' | 'unlocked';

/** The shortest master password taken, in characters. */
const minMasterPasswordLength = 12;

const verifierPlace: SealPlace = { purpose: 'verifier', reference: 'vault_state/1' };
const wrappedKeyPlace: SealPlace = { purpose: 'data-key', reference: 'vault_state/1' };
const dataKeyBytes = 32;
const verifierMarker = new TextEncoder().encode('signpost vault');

/** A data key under another password, ready to be written, and the row that it takes the place of. */
export interface PreparedPassword {
  readonly replaced: VaultRecord;
  readonly lock: Omit<VaultRecord, 'created_at'>;
}

/** The key of an open vault, with the row that wraps it. */
export interface VaultInheritance {
  readonly record: VaultRecord;
  readonly dataKey: KeyObject;
}

/** How a vault is opened. */
export interface VaultOpening {
  readonly inheritance?: VaultInheritance | undefined;
  /** What the key of a new password costs, where it is not the real thing: in tests. */
  readonly cost?: Argon2Parameters | undefined;
}

/** Seals and unseals. One per process; what it knows never runs ahead of what the database has committed. */
export class Vault {
  readonly #database: Database;
  readonly #now: () => number;
  readonly #cost: Argon2Parameters;
  #present = false;
  #dataKey: KeyObject | undefined;
  #lifetime: object = {};
  /** Grows with each vault made here, so that an unlocking under way does not bring an older key back. */
  #generation = 0;

  private constructor(database: Database, now: () => number, cost: Argon2Parameters) {
    this.#database = database;
    this.#now = now;
    this.#cost = cost;
  }

  /**
   * The vault of `database`: absent, or locked. It is open when it is the vault of an `inheritance`, row for row: a
   * restored database need not wait for somebody who types the master password.
   */
  static async open(
    database: Database,
    now: () => number,
    { inheritance, cost = currentParameters }: VaultOpening = {},
  ): Promise<Vault> {
    const record = await readVaultRecord(database.query);
    const vault = new Vault(database, now, cost);
    vault.#present = record !== undefined;
    if (record && inheritance && isSameRecord(record, inheritance.record)) vault.#hold(inheritance.dataKey);
    return vault;
  }

  /** What this vault leaves to one over a copy of its row; undefined while it is locked. */
  async bequeath(): Promise<VaultInheritance | undefined> {
    const record = await readVaultRecord(this.#database.query);
    return record && this.#dataKey && { record, dataKey: this.#dataKey };
  }

  get state(): VaultState {
    if (this.#dataKey) return 'unlocked';
    return this.#present ? 'locked' : 'absent';
  }

  /**
   * Lives as long as the key is held: whoever keeps what the vault opened hangs it on this object by a WeakMap, so that
   * locking forgets it. Throws `vault_locked`.
   */
  get lifetime(): object {
    this.#unlocked();
    return this.#lifetime;
  }

  /**
   * Makes the vault; it is unlocked once `transaction` has committed. Throws `invalid` for a password that is too
   * short, `conflict` when there is a vault.
   */
  async create(transaction: Query, password: string): Promise<void> {
    if (await readVaultRecord(transaction)) {
      throw new Refusal('conflict', 'expected no vault, got one', { hint: 'signpost unlock' });
    }
    await this.#install(transaction, password);
  }

  /**
   * Derives the key and holds it. Throws `unauthenticated` when the password does not open the verifier, `conflict`
   * when there is no vault.
   */
  async unlock(password: string): Promise<void> {
    const generation = this.#generation;
    const record = await readVaultRecord(this.#database.query);
    if (!record) throw noVault();
    const dataKey = await openRecord(password, record);
    if (generation !== this.#generation) return this.unlock(password);
    if (record.key_fingerprint === null) {
      await noteFingerprint(this.#database.query, { salt: record.salt, fingerprint: fingerprintKey(dataKey) });
    }
    this.#hold(dataKey);
  }

  /** Forgets the key. */
  lock(): void {
    this.#dataKey = undefined;
    this.#lifetime = {};
  }

  /** Ciphertext that opens for this purpose and reference (`table/row`) only. Throws `vault_locked`. */
  seal(purpose: string, reference: string, plaintext: Uint8Array): string {
    return sealUnder(this.#unlocked(), { purpose, reference }, plaintext);
  }

  /** The plaintext. Throws `vault_locked`, or `unavailable` when the text was altered, moved, or sealed before a reset. */
  unseal(purpose: string, reference: string, ciphertext: string): Uint8Array {
    const dataKey = this.#unlocked();
    try {
      return unsealUnder(dataKey, { purpose, reference }, ciphertext);
    } catch (cause) {
      throw new Refusal('unavailable', `expected a secret sealed as ${purpose} for ${reference}, got another`, {
        rule: 'secret-unreadable',
        hint: 'restore the database from a backup, or enter the secret again',
        cause,
      });
    }
  }

  /**
   * Starts over under a new password: salt and secrets are deleted, and what other tables hold sealed opens no more.
   * Returns the names of the secrets that were dropped. Locked from here on, so that nothing more is sealed under the
   * old key; unlocked once `transaction` has committed. Throws `invalid` for a password that is too short.
   */
  async reset(transaction: Query, password: string): Promise<string[]> {
    assertStrength(password);
    this.lock();
    const dropped = await deleteVault(transaction);
    await this.#install(transaction, password);
    return dropped;
  }

  /**
   * The data key under another password, to be written by `changePassword`; outside of any transaction, since deriving keys takes
   * its time and writers wait for each other. Throws `unauthenticated` when `current` is wrong, `invalid` for a password that is
   * too short, `conflict` without a vault.
   */
  async preparePassword({ current, next }: { current: string; next: string }): Promise<PreparedPassword> {
    assertStrength(next);
    const replaced = await readVaultRecord(this.#database.query);
    if (!replaced) throw noVault();
    const dataKey = await openRecord(current, replaced);
    return { replaced, lock: await wrapDataKey(dataKey, next, this.#cost) };
  }

  /**
   * Puts the new password in force; what is sealed stays as it is, and so does an open or locked vault. Throws `conflict` when the
   * vault has been changed since.
   */
  async changePassword(transaction: Query, { replaced, lock }: PreparedPassword): Promise<void> {
    const record = await readVaultRecord(transaction);
    if (!record || !isSameRecord(record, replaced)) {
      throw new Refusal('conflict', 'expected the vault as it was, got one that somebody changed meanwhile', {
        hint: 'try again with the master password that is in force',
      });
    }
    await updateVaultRecord(transaction, lock);
  }

  async #install(transaction: Query, password: string): Promise<void> {
    assertStrength(password);
    const dataKey = createSecretKey(randomBytes(dataKeyBytes));
    await insertVaultRecord(transaction, {
      ...(await wrapDataKey(dataKey, password, this.#cost)),
      created_at: this.#now(),
    });
    // Were the key taken over now and the transaction rolled back, secrets would be sealed under a salt that is lost.
    afterCommit(transaction, () => {
      this.#generation++;
      this.#hold(dataKey);
    });
  }

  #hold(dataKey: KeyObject): void {
    this.#present = true;
    this.#dataKey = dataKey;
    this.#lifetime = {};
  }

  #unlocked(): KeyObject {
    if (this.#dataKey) return this.#dataKey;
    throw new Refusal('vault_locked', 'expected an unlocked vault, got a locked one', { hint: 'signpost unlock' });
  }
}

/** Everything in the state row that belongs to one password, under a salt of its own. */
async function wrapDataKey(
  dataKey: KeyObject,
  password: string,
  cost: Argon2Parameters,
): Promise<Omit<VaultRecord, 'created_at'>> {
  const salt = randomBytes(16);
  const passwordKey = await deriveMasterKey(password, salt, cost);
  return {
    salt: salt.toString('base64url'),
    parameters: encodeParameters(cost),
    verifier: sealUnder(passwordKey, verifierPlace, verifierMarker),
    wrapped_key: sealUnder(passwordKey, wrappedKeyPlace, dataKey.export()),
    key_fingerprint: fingerprintKey(dataKey),
  };
}

/** The data key. Throws `unauthenticated` for a wrong password, `unavailable` when the wrapped key was altered. */
async function openRecord(password: string, record: VaultRecord): Promise<KeyObject> {
  const salt = Buffer.from(record.salt, 'base64url');
  const passwordKey = await deriveMasterKey(password, salt, parseParameters(record.parameters));
  openVerifier(passwordKey, record);
  if (record.wrapped_key === null) return passwordKey;
  try {
    return createSecretKey(unsealUnder(passwordKey, wrappedKeyPlace, record.wrapped_key));
  } catch (cause) {
    throw new Refusal('unavailable', 'expected the data key of the vault, got something else', {
      rule: 'secret-unreadable',
      hint: 'restore the database from a backup',
      cause,
    });
  }
}

function openVerifier(passwordKey: KeyObject, record: VaultRecord): void {
  try {
    unsealUnder(passwordKey, verifierPlace, record.verifier);
  } catch (cause) {
    throw new Refusal('unauthenticated', 'expected the master password, got another', { cause });
  }
}

/** The columns by name: PostgreSQL and SQLite may give them in different orders. */
function isSameRecord(left: VaultRecord, right: VaultRecord): boolean {
  const names = ['salt', 'parameters', 'verifier', 'wrapped_key', 'key_fingerprint', 'created_at'] as const;
  return names.every((name) => left[name] === right[name]);
}

function noVault(): Refusal {
  return new Refusal('conflict', 'expected a vault, got none', { hint: 'signpost init' });
}

function assertStrength(password: string): void {
  if ([...password].length >= minMasterPasswordLength) return;
  throw new Refusal('invalid', `expected a master password of at least ${minMasterPasswordLength} characters`, {
    rule: 'password-too-short',
  });
}
