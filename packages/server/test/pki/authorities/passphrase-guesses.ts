/** Wrong passphrases, held against one root: what the answers say, and how long they take. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Refusal } from '../../../src/errors.ts';
import { openRootKey, type ProtectedKey, protectRootKey } from '../../../src/pki/authorities/dual-protection.ts';
import type { Vault } from '../../../src/vault/vault.ts';
import { cheapCost } from '../../vault/cheap-cost.ts';

/** A kind of guess, with the times that its answers took. */
interface GuessClass {
  readonly name: string;
  /** Milliseconds. */
  readonly times: number[];
}

/** What came of all guesses. */
export interface GuessOutcome {
  /** Distinct answers: code, rule, message and hint. One, when all is well. */
  readonly answers: ReadonlySet<string>;
  readonly classes: readonly GuessClass[];
  /** The largest difference of two classes in standard errors (Welch's t). */
  readonly largestT: number;
}

const passphrase = 'seven entirely random words make one root passphrase';
const place = { organisationId: 'organisation', authorityId: 'authority' };

/**
 * Makes `count` wrong guesses at a root in `vault`, of several classes in turn, so that whatever the machine does besides meets
 * all of them alike: nothing right, all but the last character right, too long, and the right one for a changed key.
 */
export async function guessPassphrases(vault: Vault, count: number): Promise<GuessOutcome> {
  const key = await protectRootKey(place, randomBytes(138), { vault, passphrase, cost: cheapCost });
  const changed = Buffer.from(key.ciphertext, 'base64url');
  changed[20] = (changed[20] ?? 0) ^ 1;
  const altered = { ...key, ciphertext: changed.toString('base64url') };
  const guesses: readonly [string, () => string, ProtectedKey][] = [
    ['nothing right', () => randomBytes(39).toString('base64').slice(0, passphrase.length), key],
    ['all but the last', () => `${passphrase.slice(0, -1)}${'abcdfg'.charAt(Math.random() * 6)}`, key],
    ['one character more', () => `${passphrase}${'abcdfg'.charAt(Math.random() * 6)}`, key],
    ['right, for a changed key', () => passphrase, altered],
  ];
  const classes = guesses.map(([name]) => ({ name, times: [] as number[] }));
  const answers = new Set<string>();
  for (let at = 0; at < count; at++) {
    const [, choose, stored] = guesses[at % guesses.length] ?? assert.fail();
    const guess = choose();
    const started = performance.now();
    const answer = await readAnswer(openRootKey(place, stored, { vault, passphrase: guess, cost: cheapCost }));
    classes[at % guesses.length]?.times.push(performance.now() - started);
    answers.add(answer);
  }
  return { answers, classes, largestT: findLargestT(classes) };
}

async function readAnswer(opening: Promise<unknown>): Promise<string> {
  try {
    await opening;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { code, rule, message, hint } = error;
    return JSON.stringify({ code, rule, message, hint });
  }
  throw new Error('expected no guess to open the root');
}

function findLargestT(classes: readonly GuessClass[]): number {
  const facts = classes.map(({ times }) => describe(withoutOutliers(times)));
  const pairs = facts.flatMap((left, index) => facts.slice(index + 1).map((right) => [left, right] as const));
  return Math.max(
    ...pairs.map(([left, right]) => Math.abs(left.mean - right.mean) / Math.hypot(left.error, right.error)),
  );
}

// Pauses of the machine say nothing about the guess.
function withoutOutliers(times: readonly number[]): readonly number[] {
  return times.toSorted((left, right) => left - right).slice(0, Math.ceil(times.length * 0.9));
}

function describe(times: readonly number[]): { readonly mean: number; readonly error: number } {
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  const variance = times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / Math.max(1, times.length - 1);
  return { mean, error: Math.sqrt(variance / times.length) };
}
