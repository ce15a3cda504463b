/** One-time passwords by time: TOTP (RFC 6238) over HOTP (RFC 4226), HMAC-SHA-1, six digits, steps of 30 seconds. */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** RFC 4226, section 4, R6: 160 bits are recommended. */
export const totpSecretBytes = 20;

const stepMs = 30_000;
const digits = 6;
/** RFC 6238, section 5.2: one step either way, for clocks that differ and people who type slowly. */
const driftSteps = 1;

/** The code of `counter` (RFC 4226, section 5.3). */
export function computeHotp(secret: Uint8Array, counter: number): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const mac = createHmac('sha1', secret).update(message).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0x0f;
  const truncated = mac.readUInt32BE(offset) & 0x7fffffff;
  return String(truncated % 10 ** digits).padStart(digits, '0');
}

/** The step at `at`, in Unix milliseconds. */
export function stepAt(at: number): number {
  return Math.floor(at / stepMs);
}

/** The step near `at` whose code this is, the latest of them; undefined for a wrong code. Takes the same time for any. */
export function findStep(secret: Uint8Array, code: string, at: number): number | undefined {
  const given = Buffer.from(code);
  let found: number | undefined;
  for (let step = Math.max(0, stepAt(at) - driftSteps); step <= stepAt(at) + driftSteps; step++) {
    const expected = Buffer.from(computeHotp(secret, step));
    if (given.length === expected.length && timingSafeEqual(given, expected)) found = step;
  }
  return found;
}

/** What authenticator apps read, as a picture or typed: https://github.com/google/google-authenticator/wiki/Key-Uri-Format. */
export function encodeTotpUri(secret: Uint8Array, { issuer, account }: { issuer: string; account: string }): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  const query = `secret=${encodeBase32(secret)}&issuer=${encodeURIComponent(issuer)}`;
  return `otpauth://totp/${label}?${query}&algorithm=SHA1&digits=${digits}&period=${stepMs / 1000}`;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Base32 without padding (RFC 4648, section 6). */
export function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(value >>> (bits - 5)) & 31];
    value &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet[(value << (5 - bits)) & 31];
}
