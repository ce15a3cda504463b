/** JSON that tests change at a path. */
import { encodeText } from '@signpost/protocol/bytes/text';

/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | JsonRecord;

/** An object. */
export interface JsonRecord {
  readonly [name: string]: Json;
}

/** One change: where, as `a.0.b`, and the new value or what becomes of the old one; `undefined` takes it away. */
export type Edit = readonly [path: string, value: Json | undefined | ((old: Json | undefined) => Json | undefined)];

/** A copy with the changes. */
export function edit(document: JsonRecord, edits: readonly Edit[]): JsonRecord {
  return edits.reduce<Json>(
    (changed, [path, value]) => editAt(changed, path.split('.'), value),
    document,
  ) as JsonRecord;
}

function editAt(document: Json | undefined, [name, ...rest]: readonly string[], value: Edit[1]): Json {
  if (name === undefined) throw new TypeError('expected a path');
  const old = readAt(document, [name]);
  const changed = rest.length > 0 ? editAt(old, rest, value) : typeof value === 'function' ? value(old) : value;
  if (Array.isArray(document)) return replaceItem(document, Number(name), changed);
  const { [name]: _, ...others } = (document ?? {}) as JsonRecord;
  return changed === undefined ? others : { ...(document as JsonRecord), [name]: changed };
}

function replaceItem(items: readonly Json[], index: number, value: Json | undefined): Json {
  return value === undefined ? items.toSpliced(index, 1) : items.toSpliced(index, 1, value);
}

/** The value at a path; `undefined`: there is none. */
export function readAt(document: Json | undefined, path: string | readonly string[]): Json | undefined {
  const names = typeof path === 'string' ? path.split('.') : path;
  return names.reduce<Json | undefined>((value, name) => (value as JsonRecord | undefined)?.[name], document);
}

/** The bytes that are handed to a parser. */
export function encodeJson(document: Json): Uint8Array<ArrayBuffer> {
  return encodeText(JSON.stringify(document));
}
