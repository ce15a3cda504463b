/** Identifiers: UUIDv7 (RFC 9562, section 5.7), so that rows sort by when they were made. */
import { randomBytes } from 'node:crypto';

let lastTime = 0;
let lastCounter = 0;

/**
 * A new UUIDv7 for `now` in Unix milliseconds. Each is greater, as text, than the one before it in this process, also
 * when the clock stands still or goes back.
 */
export function createId(now: number): string {
  advance(now);
  const bytes = takeRandom(16);
  bytes.writeUIntBE(lastTime, 0, 6);
  bytes.writeUInt16BE(0x7000 | lastCounter, 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Whether `text` has the form of an id that `createId` makes. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text);
}

// Asking for many bytes at once costs as much as asking for a few.
let pool = Buffer.alloc(0);

function takeRandom(bytes: number): Buffer {
  if (pool.length < bytes) pool = randomBytes(4096);
  const taken = pool.subarray(0, bytes);
  pool = pool.subarray(bytes);
  return taken;
}

// RFC 9562, 6.2, method 1: rand_a is a counter that starts below its half and borrows a millisecond when it is full.
function advance(now: number): void {
  if (now > lastTime) {
    lastTime = now;
    lastCounter = randomBytes(2).readUInt16BE() & 0x7ff;
  } else if (lastCounter < 0xfff) {
    lastCounter++;
  } else {
    lastTime++;
    lastCounter = 0;
  }
}
