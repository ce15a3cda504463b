/** Reads typed members out of parsed JSON; each refusal names the member. */
import { TrustError } from '../errors.ts';
import type { SignableObject, SignableValue } from './canonical.ts';

type Member = SignableValue | undefined;

function refuse(name: string, expected: string, value: Member): TrustError {
  const got =
    value === undefined ? 'nothing' : value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
  return new TrustError('malformed', `expected ${name} to be ${expected}, got ${got}`);
}

/** `value` as an object, or throws `malformed`. */
export function parseObject(value: Member, name: string): SignableObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(name, 'an object', value);
  return value as SignableObject;
}

/** Whether the member `name` is there; `null` counts as absent, as in the JSON form of protocol buffers. */
export function isPresent(object: SignableObject, name: string): boolean {
  return object[name] !== undefined && object[name] !== null;
}

/** Throws `malformed` when `object`, which the message calls `what`, has a member that is not among `names`. */
export function assertMembers(object: SignableObject, names: readonly string[], what: string): void {
  const unknown = Object.keys(object).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const known = names.join(', ');
  throw new TrustError('malformed', `expected ${what} to have no members but ${known}, got ${unknown.slice(0, 100)}`);
}

/** The member `name` as an array. */
export function parseArray(object: SignableObject, name: string): readonly SignableValue[] {
  const value = object[name];
  if (!Array.isArray(value)) throw refuse(name, 'an array', value);
  return value;
}

/** The member `name` as a string of at most `maxLength` UTF-16 units. */
export function parseString(object: SignableObject, name: string, maxLength = 1024): string {
  const value = object[name];
  if (typeof value !== 'string') throw refuse(name, 'a string', value);
  if (value.length > maxLength)
    throw new TrustError('too_large', `expected ${name} to have at most ${maxLength} characters`);
  return value;
}

/** The member `name` as a string that matches `pattern` in full. */
export function parsePattern(object: SignableObject, name: string, pattern: RegExp, expected: string): string {
  const value = parseString(object, name);
  if (!pattern.test(value)) throw new TrustError('malformed', `expected ${name} to be ${expected}, got other text`);
  return value;
}

/** The member `name` as an integer of at least `minimum`. */
export function parseInteger(object: SignableObject, name: string, minimum: number): number {
  const value = object[name];
  if (typeof value !== 'number' || value < minimum) throw refuse(name, `an integer of at least ${minimum}`, value);
  return value;
}

/** The member `name` as an RFC 3339 time in UTC (`2026-11-21T10:00:00Z`, optional fraction), in Unix milliseconds. */
export function parseTime(object: SignableObject, name: string): number {
  const value = object[name];
  if (typeof value !== 'string') throw refuse(name, 'an RFC 3339 time', value);
  return parseTimeText(value, name);
}

/** The Unix milliseconds of RFC 3339 text in UTC. Throws `malformed` for other forms and impossible dates. */
export function parseTimeText(text: string, name: string): number {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|\+00:00)$/.exec(text);
  const time = match ? Date.parse(text) : Number.NaN;
  // Date.parse turns 30 February into 1 March in some engines.
  if (Number.isNaN(time) || new Date(time).getUTCDate() !== Number(match?.[3])) {
    throw new TrustError('malformed', `expected ${name} to be an RFC 3339 time in UTC, got other text`);
  }
  return time;
}
