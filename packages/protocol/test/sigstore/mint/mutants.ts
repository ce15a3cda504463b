/** Every bundle that differs from a good one in one place. */
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { edit, type Json, type JsonRecord, readAt } from './json.ts';

/** A bundle, changed in one place. */
export interface Mutant {
  /** The member, its indices left out: `verificationMaterial.tlogEntries.logIndex`. */
  readonly field: string;
  readonly change: string;
  readonly text: string;
}

/** Which places of a text are changed: some so far apart, or so many, first and last among them. */
export type Places = { readonly stride: number } | { readonly count: number };

/**
 * All mutants: each value changed in several ways, removed, made null, said twice; each list with an item less and one twice. In texts and
 * in what is binary, one place is changed at a time.
 */
export function* mutate(document: JsonRecord, places: Places): Generator<Mutant> {
  for (const path of listPaths(document)) {
    const field = path.filter((name) => !/^[0-9]+$/.test(name)).join('.');
    const value = readAt(document, path) ?? null;
    const text = (changed: Json | undefined) => JSON.stringify(edit(document, [[path.join('.'), () => changed]]));
    yield { field, change: 'removed', text: text(undefined) };
    if (value !== null) yield { field, change: 'made null', text: text(null) };
    if (/^[0-9]+$/.test(path.at(-1) ?? '')) yield { field, change: 'twice', text: repeatItem(document, path) };
    else yield { field, change: 'said twice', text: repeatMember(document, path) };
    for (const [change, changed] of changeValue(value, places)) {
      if (changed !== value) yield { field, change, text: text(changed) };
    }
  }
}

/** Where there is a value: members, items, and what they hold. */
function listPaths(value: Json, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [[...path, name], ...listPaths(member, [...path, name])]);
}

function repeatItem(document: JsonRecord, path: readonly string[]): string {
  const list = path.slice(0, -1).join('.');
  const item = readAt(document, path) ?? null;
  return JSON.stringify(edit(document, [[list, (items) => [...(items as readonly Json[]), item]]]));
}

/** No object can hold a member twice: a mark stands for it until there is text. */
function repeatMember(document: JsonRecord, path: readonly string[]): string {
  const name = path.at(-1) ?? '';
  const mark = `${name}\u0001`;
  const twice = edit(document, [[[...path.slice(0, -1), mark].join('.'), () => readAt(document, path)]]);
  return JSON.stringify(twice).replaceAll(JSON.stringify(mark), JSON.stringify(name));
}

function* changeValue(value: Json, places: Places): Generator<readonly [string, Json]> {
  if (typeof value === 'string') yield* changeText(value, places);
  else if (Array.isArray(value)) {
    if (value.length > 0) yield ['emptied', []];
    if (value.length > 1) yield ['turned around', value.toReversed()];
    yield ['with null behind', [...value, null]];
  } else if (typeof value === 'object' && value !== null) yield ['with a member more', { ...value, more: 'x' }];
}

function* changeText(text: string, places: Places): Generator<readonly [string, Json]> {
  yield ['emptied', ''];
  yield ['longer', `${text}A`];
  yield ['shorter', text.slice(0, -1)];
  yield ['with a space before', ` ${text}`];
  yield ['with a line feed behind', `${text}\n`];
  yield ['in a list', [text]];
  if (/^[0-9]+$/.test(text)) yield* changeNumber(text);
  else if (isBinary(text)) yield* changeOctets(Buffer.from(text, 'base64'), places);
  else yield* changeCharacters(text, places);
}

function* changeNumber(text: string): Generator<readonly [string, Json]> {
  yield ['one more', String(Number(text) + 1)];
  yield ['one less', String(Number(text) - 1)];
  yield ['zero', '0'];
  yield ['with a leading zero', `0${text}`];
  yield ['as a fraction', Number(text) + 0.5];
}

/** Names such as `SHA2_256` have other letters than base64, or another length. */
function isBinary(text: string): boolean {
  return text.length % 4 === 0 && text.length >= 16 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}

function* changeOctets(bytes: Buffer, places: Places): Generator<readonly [string, Json]> {
  yield ['one octet more', encodeBase64(Uint8Array.of(...bytes, 0))];
  yield ['one octet less', encodeBase64(bytes.slice(0, -1))];
  if (/[-_]/.test(bytes.toString('base64url'))) yield ['in the alphabet for URLs', bytes.toString('base64url')];
  for (const at of listPlaces(bytes.length, places)) {
    const bit = [0x01, 0x20, 0x80][at % 3] ?? 1;
    yield [`octet ${at} ^ ${bit}`, encodeBase64(bytes.with(at, (bytes[at] ?? 0) ^ bit))];
  }
}

function* changeCharacters(text: string, places: Places): Generator<readonly [string, Json]> {
  for (const at of listPlaces(text.length, places)) {
    const code = text.charCodeAt(at);
    yield [`character ${at}`, `${text.slice(0, at)}${String.fromCharCode(code ^ 1)}${text.slice(at + 1)}`];
    yield [`without character ${at}`, `${text.slice(0, at)}${text.slice(at + 1)}`];
  }
}

function listPlaces(length: number, places: Places): readonly number[] {
  if ('stride' in places)
    return Array.from({ length: Math.ceil(length / places.stride) }, (_, at) => at * places.stride);
  const count = Math.min(places.count, length);
  return Array.from({ length: count }, (_, index) => Math.round((index * (length - 1)) / Math.max(1, count - 1)));
}
