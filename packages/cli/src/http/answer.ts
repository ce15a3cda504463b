/** Reads members out of a server's JSON answer; what is missing is the server's fault and says so. */
import { Failure } from '../terminal/failure.ts';
import type { JsonValue } from '../terminal/output.ts';

/** A JSON object. */
export type JsonObject = { readonly [key: string]: JsonValue };

/** `value` as an object. */
export function asObject(value: JsonValue | undefined): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unexpected('an object');
  return value as JsonObject;
}

/** The objects of the array under `name`. */
export function objectsOf(object: JsonObject, name: string): readonly JsonObject[] {
  const value = object[name];
  if (!Array.isArray(value)) throw unexpected(`an array "${name}"`);
  return value.map(asObject);
}

/** The strings of the array under `name`; none when it is absent. */
export function textsOf(object: JsonObject, name: string): readonly string[] {
  const value = object[name];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** The string under `name`. */
export function textOf(object: JsonObject, name: string): string {
  const value = object[name];
  if (typeof value !== 'string') throw unexpected(`text "${name}"`);
  return value;
}

/** The number under `name`. */
export function numberOf(object: JsonObject, name: string): number {
  const value = object[name];
  if (typeof value !== 'number') throw unexpected(`a number "${name}"`);
  return value;
}

/** A member as one cell of a table: one line, for a name with a line break in it would look like a row of its own. */
export function cellOf(object: JsonObject, name: string): string {
  return formatValue(object[name]).replaceAll(/[\n\t]/g, '\ufffd');
}

function formatValue(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return Array.isArray(value)
    ? value.map(String).join(',')
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
}

function unexpected(expected: string): Failure {
  return new Failure('refused', `expected ${expected} in the server's answer`, {
    hint: 'server and command may be of different versions: `signpost status` and `signpost --version`',
  });
}
