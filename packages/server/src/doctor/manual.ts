/** The manual of the settings: the comments of `Config`, which are written once, read by whoever runs the server. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What one comment says. */
export interface ManualEntry {
  /** The variables that it begins with. */
  readonly variables: readonly string[];
  /** What holds where they are not set, in words. */
  readonly fallback: string;
  readonly meaning: string;
}

const source = join(import.meta.dirname, '../config.ts');
const field = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*readonly \w+:/g;
const variable = /\b(?:SIGNPOST|MAX)_[A-Z_]+\b/g;

/** The entries in the order of `Config`: the server runs from its source, so the comments are there. */
export async function readManual(): Promise<readonly ManualEntry[]> {
  const text = await readFile(source, 'utf8');
  const config = text.slice(text.indexOf('export interface Config {'), text.indexOf('\n}\n'));
  return [...config.matchAll(field)].flatMap(([, comment = '']) => parseComment(comment) ?? []);
}

/** The entry that a variable stands in: at its beginning, else where it is first named. */
export function findEntry(manual: readonly ManualEntry[], name: string): ManualEntry | undefined {
  return (
    manual.find(({ variables }) => variables.includes(name)) ??
    manual.find(({ meaning }) => meaning.match(variable)?.includes(name))
  );
}

function parseComment(comment: string): ManualEntry | undefined {
  const text = comment.replaceAll(/\s*\n\s*\*\s?/g, ' ').trim();
  const [, head = '', fallback = '', meaning = ''] = /^([^(]*) \(([^)]*)\): (.*)$/.exec(text) ?? [];
  const variables = head.match(variable) ?? [];
  return variables.length === 0 ? undefined : { variables, fallback, meaning };
}
