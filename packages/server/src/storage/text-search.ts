/**
 * Searching in what people wrote. By themselves SQLite folds the case of ASCII alone and PostgreSQL that of its locale: here each letter is
 * asked for in either case, and no sign stands for others.
 */
import { type Expression, type RawBuilder, sql } from 'kysely';
import type { Database } from './database.ts';

/** What is searched for, and where. */
export interface TextSearch {
  readonly engine: Database['engine'];
  readonly search: string;
}

/** Whether a text holds what is searched for. */
export function holdsText(value: Expression<string>, { engine, search }: TextSearch): RawBuilder<boolean> {
  return engine === 'sqlite'
    ? sql<boolean>`${value} glob ${`*${writePattern(search, (sign) => `[${sign}]`, '*?[')}*`}`
    : sql<boolean>`${value} ~ ${writePattern(search, (sign) => `\\${sign}`, '\\^$.|?*+()[]{}')}`;
}

/** Whether one of the texts in a JSON object of texts by locale does. */
export function someTextHolds(texts: Expression<string>, wanted: TextSearch): RawBuilder<boolean> {
  const holds = holdsText(sql<string>`one.value`, wanted);
  return wanted.engine === 'sqlite'
    ? sql<boolean>`exists (select 1 from json_each(${texts}) as one where ${holds})`
    : sql<boolean>`exists (select 1 from jsonb_each_text(${texts}::jsonb) as one where ${holds})`;
}

function writePattern(search: string, quote: (sign: string) => string, signs: string): string {
  return [...search].map((sign) => (signs.includes(sign) ? quote(sign) : bothCases(sign))).join('');
}

/** A letter as the class of its cases; one whose other case is two letters stands for itself. */
function bothCases(letter: string): string {
  const cases = new Set([letter, letter.toLowerCase(), letter.toUpperCase()].filter((form) => [...form].length === 1));
  return cases.size === 1 ? letter : `[${[...cases].join('')}]`;
}
