/** RSA moduli that others can factor: small factors, primes that are close, and those of CVE-2017-15361 (ROCA). */
import { toUnsigned } from '../asn1/integer.ts';

const smallPrimes = listPrimes(752);

/** Whether a prime below 752 divides the modulus (Baseline Requirements, 6.1.6). */
export function hasSmallFactor(modulus: Uint8Array): boolean {
  const rest = toUnsigned(modulus) % multiply(smallPrimes);
  return smallPrimes.some((prime) => rest % BigInt(prime) === 0n);
}

/** Rounds of Fermat's method that the Baseline Requirements, 6.1.1.3, want tried. */
const fermatRounds = 100;

/** Whether Fermat's method factors the modulus within 100 rounds, because its primes are almost the same. */
export function hasCloseFactors(modulus: Uint8Array): boolean {
  const number = toUnsigned(modulus);
  let mean = squareRoot(number);
  if (mean * mean < number) mean += 1n;
  let difference = mean * mean - number;
  for (let round = 0; round < fermatRounds; round++) {
    if (isSquare(difference)) return true;
    difference += 2n * mean + 1n;
    mean += 1n;
  }
  return false;
}

/** Squares end in one of 336 of 4096 ways: that spares nearly all square roots. */
function isSquare(number: bigint): boolean {
  const end = Number(number & 0xfffn);
  if (!isSquareEnd(end) || !isSquareModulo(Number(number % 45_045n))) return false;
  const root = squareRoot(number);
  return root * root === number;
}

/** Whether a number modulo 2^12 can be a square's: 4^k times a number that is 1 modulo 8, or zero. */
function isSquareEnd(end: number): boolean {
  let rest = end;
  let room = 4096;
  while (rest !== 0 && rest % 4 === 0) {
    rest /= 4;
    room /= 4;
  }
  return rest === 0 || rest % Math.min(8, room) === 1;
}

/** 45,045 is 9 · 5 · 7 · 11 · 13. */
function isSquareModulo(rest: number): boolean {
  return [9, 5, 7, 11, 13].every((modulus) => {
    for (let root = 0; root < modulus; root++) if ((root * root - rest) % modulus === 0) return true;
    return false;
  });
}

/** The whole part of the square root, by Newton's method from above. */
function squareRoot(number: bigint): bigint {
  if (number < 2n) return number;
  let root = 1n << BigInt((number.toString(16).length * 4 + 1) >> 1);
  while (true) {
    const next = (root + number / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/**
 * Whether the modulus has the form that the library of CVE-2017-15361 gave to its primes: a power of 65537 modulo each of the
 * 39 smallest primes, and the same power for all (M. Nemec, M. Sys, P. Svenda, D. Klinec, V. Matyas, "The Return of
 * Coppersmith's Attack: Practical Factorization of Widely Used RSA Moduli", CCS 2017, 2.4). By chance, one in 2^154.
 */
export function hasRocaFingerprint(modulus: Uint8Array): boolean {
  const primes = smallPrimes.slice(0, 39);
  const rest = toUnsigned(modulus) % multiply(primes);
  const logarithms: Logarithm[] = [];
  for (const prime of primes) {
    const found = findLogarithm(Number(rest % BigInt(prime)), prime);
    if (!found || !logarithms.every((other) => isConsistent(found, other))) return false;
    logarithms.push(found);
  }
  return true;
}

/** A power of the generator: known modulo the generator's order. */
interface Logarithm {
  readonly power: number;
  readonly order: number;
}

/** The logarithm of `value` to the base 65537 modulo `prime`, `undefined` when there is none. */
function findLogarithm(value: number, prime: number): Logarithm | undefined {
  const generator = 65_537 % prime;
  let power: number | undefined;
  let order = 0;
  let current = 1 % prime;
  do {
    if (current === value) power ??= order;
    current = (current * generator) % prime;
    order++;
  } while (current !== 1 % prime);
  return power === undefined ? undefined : { power, order };
}

/** Whether one power can be both: they agree modulo the greatest common divisor of the orders (Chinese remainders). */
function isConsistent(left: Logarithm, right: Logarithm): boolean {
  return (left.power - right.power) % greatestDivisor(left.order, right.order) === 0;
}

function greatestDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestDivisor(right, left % right);
}

function listPrimes(below: number): readonly number[] {
  const primes: number[] = [];
  for (let number = 2; number < below; number++) {
    if (primes.every((prime) => prime * prime > number || number % prime !== 0)) primes.push(number);
  }
  return primes;
}

function multiply(numbers: readonly number[]): bigint {
  return numbers.reduce((product, number) => product * BigInt(number), 1n);
}
