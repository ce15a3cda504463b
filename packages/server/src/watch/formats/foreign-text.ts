/** Settings of other tools as text: YAML 1.2 (of which JSON is a part) with unique keys, no aliases, no tags of other types. */
import type { Document } from 'yaml';
import type { z } from 'zod';
import { Refusal } from '../../errors.ts';
import { loadYaml } from '../../packages-by-need.ts';

/** Longer files are refused, in UTF-16 units. */
export const maxFileCharacters: number = 512 * 1024;
/** Nested brackets cost more than their length. */
const maxBrackets = 20_000;
/** So do commas, where nothing stands between them. */
const maxCommas = 50_000;
/** Documents in one file. */
const maxDocuments = 500;
/** Of indentation or brackets: no file of these tools is deeper. */
const maxDepth = 64;

/** The refusal of a file. */
export function refuseFile(message: string, cause?: unknown): Refusal {
  return new Refusal('invalid', message, { rule: 'watch-format', ...(cause !== undefined && { cause }) });
}

/** The documents of a file. Throws `invalid`, rule `watch-format`. */
export function parseDocuments(text: string): readonly unknown[] {
  assertSmall(text);
  const { parseAllDocuments } = loadYaml();
  const parsed = parseAllDocuments(text, { version: '1.2', schema: 'core', uniqueKeys: false, stringKeys: true });
  const documents = 'empty' in parsed ? [] : parsed;
  if (documents.length > maxDocuments) throw refuseFile(`expected at most ${maxDocuments} documents in the file`);
  const values = documents.map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem)
      throw refuseFile(`expected YAML, which ends at line ${problem.linePos?.[0].line ?? 1}: ${problem.code}`);
    assertUniqueKeys(document);
    try {
      return document.toJS({ maxAliasCount: 0 }) as unknown;
    } catch (cause) {
      throw refuseFile('expected YAML without aliases', cause);
    }
  });
  const present = values.filter((value) => value !== null);
  if (present.length === 0) throw refuseFile('expected a file with something in it');
  return present;
}

/** The parser holds each key against each other one, which takes minutes for a file of nothing but keys. */
function assertUniqueKeys(document: Document): void {
  const { isScalar, visit } = loadYaml();
  visit(document, {
    Map: (_, { items }) => {
      const names = items.map(({ key }) => (isScalar(key) ? String(key.value) : ''));
      if (new Set(names).size < names.length) throw refuseFile('expected each key of a map once: DUPLICATE_KEY');
    },
  });
}

/** The one document of a file. Throws as `parseDocuments`, and for several. */
export function parseOneDocument(text: string): unknown {
  const [document, ...more] = parseDocuments(text);
  if (more.length > 0) throw refuseFile('expected one document in the file');
  return document;
}

function assertSmall(text: string): void {
  if (text.length > maxFileCharacters) {
    throw new Refusal('too_large', `expected a file of at most ${maxFileCharacters} characters`, {
      rule: 'watch-format',
    });
  }
  if ((text.match(/[[{]/g) ?? []).length > maxBrackets) throw refuseFile(`expected at most ${maxBrackets} brackets`);
  if ((text.match(/,/g) ?? []).length > maxCommas) throw refuseFile(`expected at most ${maxCommas} commas`);
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth = bracket === '[' || bracket === '{' ? depth + 1 : Math.max(0, depth - 1);
    if (depth > maxDepth) throw refuseFile(`expected brackets at most ${maxDepth} deep`);
  }
}

/** A value in the shape that the tool documents. Throws `invalid`, rule `watch-format`, naming members that are wrong or that nobody knows. */
export function parseShape<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.map(String).join('.')}: ${message}`);
  throw refuseFile(`${what} is none: ${problems.join('; ')}`);
}
