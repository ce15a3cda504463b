/** Lists that the server gives in pages to whoever asks for pages. */
import type { OptionSpec, Options } from '../command.ts';
import type { JsonObject } from '../http/answer.ts';
import type { Answer } from '../terminal/output.ts';
import { answerTable } from './answers.ts';

/** What part of such a list is wanted; all of it without them. */
export const pageOptions: readonly OptionSpec[] = [
  { flags: '--search <text>', text: 'only those that hold this text' },
  { flags: '--limit <n>', text: 'at most so many, 500 at most' },
  { flags: '--after <place>', text: 'go on after this one' },
];

/** The path of a list with what `pageOptions` say. Throws Failure for a limit that is no number. */
export function pagePath(path: string, options: Options): string {
  const wanted = [
    ['search', options.text('search')],
    ['limit', options.integer('limit', 1)],
    ['after', options.text('after')],
  ] as const;
  const query = wanted.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return query.length === 0 ? path : `${path}?${new URLSearchParams(query)}`;
}

/** The list under `name` as a table, and how to ask for the next page when there is one. */
export function answerPage(document: JsonObject, name: string, columns: readonly string[]): Answer {
  const { lines } = answerTable(document, name, columns);
  const more = typeof document.next === 'string' ? [`More: --after ${document.next}`] : [];
  return { document, lines: [...lines, ...more] };
}
