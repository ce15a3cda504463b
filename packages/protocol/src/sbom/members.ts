/** Reads typed members out of a document; each refusal names the member. */
import { TrustError } from '../errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, readMember } from '../json/foreign.ts';
import type { ComponentDigest } from './component.ts';

/** Characters of a name, version, licence and the like. */
const maxTextLength = 8192;

/** The member `name` as text, trimmed; `undefined` when it is absent or empty. Throws `malformed` when it is something else. */
export function readText(object: JsonObject, name: string): string | undefined {
  const value = readMember(object, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw refuse(name, 'a string', value);
  if (value.length > maxTextLength)
    throw new TrustError('too_large', `expected ${name} to have at most ${maxTextLength} characters`);
  return value.trim() || undefined;
}

/** The member `name` as text that must be there. */
export function readRequiredText(object: JsonObject, name: string): string {
  const text = readText(object, name);
  if (text === undefined) throw refuse(name, 'a string that is not empty', readMember(object, name));
  return text;
}

/** The member `name` as a list; empty when it is absent. */
export function readList(object: JsonObject, name: string): readonly JsonValue[] {
  const value = readMember(object, name);
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw refuse(name, 'an array', value);
  return value;
}

/** The member `name` as a list of objects; empty when it is absent. */
export function readObjects(object: JsonObject, name: string): readonly JsonObject[] {
  return readList(object, name).map((item) => {
    if (!isJsonObject(item)) throw refuse(name, 'an array of objects', item);
    return item;
  });
}

/** The member `name` as a list of texts; empty when it is absent. */
export function readTexts(object: JsonObject, name: string): readonly string[] {
  return readList(object, name).map((item) => {
    if (typeof item !== 'string') throw refuse(name, 'an array of strings', item);
    return item.trim();
  });
}

/** The member `name` as an object; `undefined` when it is absent. */
export function readObject(object: JsonObject, name: string): JsonObject | undefined {
  const value = readMember(object, name);
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw refuse(name, 'an object', value);
  return value;
}

/** `SHA-256` and `SHA256` as `sha256`, with its value in lower case. Throws `malformed` for a value that is not hexadecimal. */
export function createDigest(algorithm: string, value: string): ComponentDigest {
  if (!/^(?:[0-9a-f]{2}){2,128}$/i.test(value))
    throw new TrustError(
      'malformed',
      `expected the ${algorithm.slice(0, 40)} of a component to be hexadecimal, got other text`,
    );
  return { algorithm: algorithm.toLowerCase().replaceAll(/[-_]/g, ''), value: value.toLowerCase() };
}

/** The texts that are there, each once, in their order. */
export function listDistinct(texts: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(texts.filter((text) => text !== undefined))];
}

function refuse(name: string, expected: string, value: JsonValue | undefined): TrustError {
  const got =
    value === undefined ? 'nothing' : value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
  return new TrustError('malformed', `expected ${name} to be ${expected}, got ${got}`);
}
