/** Contents of UTCTime and GeneralizedTime in the forms of RFC 5280, 4.1.2.5: UTC, with seconds. Times are Unix ms. */
import { refuseDer } from './malformed.ts';
import { tags } from './tag.ts';

/** The first moment that UTCTime cannot say: its years are 1950 to 2049. */
const utcTimeEnd = Date.UTC(2050, 0, 1);
const utcTimeStart = Date.UTC(1950, 0, 1);

/** The time of UTCTime content: `YYMMDDHHMMSSZ`. */
export function parseUtcTime(content: Uint8Array): number {
  if (content.length !== 13 || content[12] !== 0x5a) throw refuseDer('a UTC time of the form YYMMDDHHMMSSZ');
  const year = readDigits(content, 0, 2);
  return composeTime(year < 50 ? 2000 + year : 1900 + year, content, 2);
}

/** The time of GeneralizedTime content without a fraction: `YYYYMMDDHHMMSSZ`. */
export function parseGeneralizedTime(content: Uint8Array): number {
  if (content.length !== 15 || content[14] !== 0x5a) throw refuseDer('a generalized time of the form YYYYMMDDHHMMSSZ');
  return composeTime(readDigits(content, 0, 4), content, 4);
}

/** The same with an optional fraction (RFC 3161, 2.4.2) of 1 to 9 digits, rounded down to the millisecond. */
export function parsePreciseTime(content: Uint8Array): number {
  if (content.length === 15) return parseGeneralizedTime(content);
  const digits = content.length - 16;
  const isWhole = content[14] === 0x2e && content[content.length - 1] === 0x5a;
  // X.690, 11.7.3: no zeros at the end of a fraction.
  if (!isWhole || digits < 1 || digits > 9 || content[content.length - 2] === 0x30) {
    throw refuseDer('a generalized time with a fraction of 1 to 9 digits, the last not zero');
  }
  const fraction = readDigits(content, 15, digits);
  return composeTime(readDigits(content, 0, 4), content, 4) + Math.floor(fraction / 10 ** (digits - 3));
}

function composeTime(year: number, content: Uint8Array, at: number): number {
  const month = readDigits(content, at, 2);
  const day = readDigits(content, at + 2, 2);
  const hour = readDigits(content, at + 4, 2);
  const minute = readDigits(content, at + 6, 2);
  const second = readDigits(content, at + 8, 2);
  if (hour > 23 || minute > 59 || second > 59) throw refuseDer('a time of day that exists');
  if (month < 1 || month > 12 || day < 1 || day > countDays(year, month)) throw refuseDer('a date that exists');
  const time = Date.UTC(year, month - 1, day, hour, minute, second);
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  return year > 99 ? time : new Date(time).setUTCFullYear(year, month - 1, day);
}

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function countDays(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return (monthDays[month - 1] ?? 0) + (month === 2 && isLeap ? 1 : 0);
}

function readDigits(content: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let index = at; index < at + count; index++) {
    const digit = (content[index] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) throw refuseDer('a time in decimal digits');
    value = value * 10 + digit;
  }
  return value;
}

/** Whether RFC 5280 wants this time in UTCTime, which it does through 2049. */
export function isUtcTime(timeMs: number): boolean {
  return timeMs >= utcTimeStart && timeMs < utcTimeEnd;
}

/** Tag and content of a time, rounded down to the second, in the type that RFC 5280 wants. Throws a TypeError outside the years 0 to 9999. */
export function encodeTime(timeMs: number): { readonly tag: number; readonly content: Uint8Array<ArrayBuffer> } {
  if (!isUtcTime(timeMs)) return { tag: tags.generalizedTime, content: encodeGeneralizedTime(timeMs) };
  return { tag: tags.utcTime, content: encodeGeneralizedTime(timeMs).slice(2) };
}

/** The content octets of GeneralizedTime, rounded down to the second. */
export function encodeGeneralizedTime(timeMs: number): Uint8Array<ArrayBuffer> {
  const date = new Date(timeMs);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) throw new TypeError(`expected a time of the years 0 to 9999, got ${timeMs}`);
  const content = new Uint8Array(15);
  writeDigits(content, 0, Math.floor(year / 100));
  writeDigits(content, 2, year % 100);
  writeDigits(content, 4, date.getUTCMonth() + 1);
  writeDigits(content, 6, date.getUTCDate());
  writeDigits(content, 8, date.getUTCHours());
  writeDigits(content, 10, date.getUTCMinutes());
  writeDigits(content, 12, date.getUTCSeconds());
  content[14] = 0x5a;
  return content;
}

/** The content octets of GeneralizedTime with the milliseconds, if there are any, as a fraction (X.690, 11.7). */
export function encodePreciseTime(timeMs: number): Uint8Array<ArrayBuffer> {
  const whole = encodeGeneralizedTime(timeMs);
  const millis = ((timeMs % 1000) + 1000) % 1000;
  if (millis === 0) return whole;
  // X.690, 11.7.3: no zeros at the end of a fraction.
  const fraction = String(millis).padStart(3, '0').replace(/0+$/, '');
  return Uint8Array.of(...whole.subarray(0, 14), 0x2e, ...[...fraction].map((digit) => digit.charCodeAt(0)), 0x5a);
}

function writeDigits(content: Uint8Array, at: number, value: number): void {
  content[at] = 0x30 + Math.floor(value / 10);
  content[at + 1] = 0x30 + (value % 10);
}
