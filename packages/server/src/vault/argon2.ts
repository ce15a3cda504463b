/** The key of the master password: Argon2id (RFC 9106). It wraps the data key of the vault. */
import { argon2, createSecretKey, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { Refusal } from '../errors.ts';

/** What the derivation cost; stored beside the salt, so that later servers can cost more. */
export interface Argon2Parameters {
  readonly passes: number;
  readonly memoryKib: number;
  readonly parallelism: number;
}

/** RFC 9106, section 4, second recommended option: 64 MiB, three passes, four lanes. */
export const currentParameters: Argon2Parameters = { passes: 3, memoryKib: 64 * 1024, parallelism: 4 };

const keyBytes = 32;
// Above these a changed row could exhaust the machine.
const limits: Argon2Parameters = { passes: 16, memoryKib: 1024 * 1024, parallelism: 16 };

/** The parameters as stored text. */
export function encodeParameters(parameters: Argon2Parameters): string {
  return JSON.stringify({ algorithm: 'argon2id', ...parameters });
}

/** The parameters in stored text. Throws `unavailable` when they are no Argon2id parameters within sane limits. */
export function parseParameters(text: string): Argon2Parameters {
  const value: unknown = JSON.parse(text);
  const stored = value as Partial<Argon2Parameters> & { algorithm?: unknown };
  const { passes = 0, memoryKib = 0, parallelism = 0 } = stored;
  const within = (['passes', 'memoryKib', 'parallelism'] as const).every((name) => {
    const number = stored[name];
    return Number.isSafeInteger(number) && number !== undefined && number >= 1 && number <= limits[name];
  });
  if (stored.algorithm !== 'argon2id' || !within) {
    throw new Refusal('unavailable', 'expected Argon2id parameters in the vault, got something else');
  }
  return { passes, memoryKib, parallelism };
}

const derive = promisify(argon2);
const waitingLimit = 8;
let waiting = 0;
let last: Promise<unknown> = Promise.resolve();

/**
 * The key of `password`, about 0.2 s. One derivation runs at a time, for each takes 64 MiB; throws `unavailable` when
 * eight wait already.
 */
export async function deriveMasterKey(
  password: string,
  salt: Uint8Array,
  parameters: Argon2Parameters,
): Promise<KeyObject> {
  if (waiting >= waitingLimit) {
    throw new Refusal('unavailable', 'too many attempts at the vault at once', { retryAfterSeconds: 2 });
  }
  waiting++;
  const turn = last.then(() => deriveNow(password, salt, parameters));
  last = turn.catch(() => {});
  return turn.finally(() => waiting--);
}

async function deriveNow(password: string, salt: Uint8Array, parameters: Argon2Parameters): Promise<KeyObject> {
  const bytes = await derive('argon2id', {
    // Keyboards differ in how they compose the same letter.
    message: password.normalize('NFC'),
    nonce: salt,
    parallelism: parameters.parallelism,
    tagLength: keyBytes,
    memory: parameters.memoryKib,
    passes: parameters.passes,
  });
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}
