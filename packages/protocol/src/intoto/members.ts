/** Reads typed members out of the JSON that others wrote; each refusal names the member. */
import { TrustError } from '../errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, readMember } from '../json/foreign.ts';

/** `value` as an object. Throws `malformed`. */
export function interpretObject(value: JsonValue | undefined, name: string): JsonObject {
  if (!isJsonObject(value)) throw new TrustError('malformed', `expected ${name} to be an object`);
  return value;
}

/** The object `name`; an empty one when it is absent or null. */
export function interpretOptionalObject(object: JsonObject, name: string): JsonObject {
  const value = readMember(object, name);
  return value === undefined || value === null ? {} : interpretObject(value, name);
}

/** The array `name` of at most `limit` items; an empty one when it is absent or null. Throws `malformed` or `too_large`. */
export function interpretOptionalArray(object: JsonObject, name: string, limit: number): readonly JsonValue[] {
  const value = readMember(object, name) ?? [];
  if (!Array.isArray(value)) throw new TrustError('malformed', `expected ${name} to be an array`);
  if (value.length > limit)
    throw new TrustError('too_large', `expected at most ${limit} items in ${name}, got ${value.length}`);
  return value;
}

/** The text `name`, which is not empty. Throws `malformed`, or `too_large` above 4,096 characters. */
export function interpretText(object: JsonObject, name: string): string {
  const text = interpretOptionalText(object, name);
  if (text === undefined) throw new TrustError('malformed', `expected ${name} to be text`);
  return text;
}

/** The same; `undefined` when it is absent, null or empty, as writers have it who know nothing. */
export function interpretOptionalText(object: JsonObject, name: string): string | undefined {
  const value = readMember(object, name);
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new TrustError('malformed', `expected ${name} to be text`);
  if (value.length > 4096) throw new TrustError('too_large', `expected ${name} of at most 4096 characters`);
  if (/[\p{Cc}\u2028\u2029]/u.test(value))
    throw new TrustError('malformed', `expected ${name} without control characters`);
  return value;
}

/** The time `name` (RFC 3339, any offset) in Unix ms; `undefined` when it is absent. Throws `malformed`. */
export function interpretOptionalTime(object: JsonObject, name: string): number | undefined {
  const text = interpretOptionalText(object, name);
  if (text === undefined) return undefined;
  const match = /^\d{4}-\d\d-(\d\d)T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|([+-])(\d\d):(\d\d))$/.exec(text);
  const time = match ? Date.parse(text) : Number.NaN;
  if (!match || Number.isNaN(time) || !isSameDay(time, match)) {
    throw new TrustError('malformed', `expected ${name} to be an RFC 3339 time`);
  }
  return time;
}

/** Some engines turn 30 February into 1 March. */
function isSameDay(time: number, [, day, sign, hours, minutes]: RegExpExecArray): boolean {
  const offset = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * (sign === '-' ? -60_000 : 60_000);
  return new Date(time + offset).getUTCDate() === Number(day);
}
