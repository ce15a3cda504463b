/** Server answers as tables and pairs. */
import { asObject, cellOf, type JsonObject, objectsOf } from '../http/answer.ts';
import type { Answer } from '../terminal/output.ts';
import { formatPairs, formatTable } from '../terminal/table.ts';

/** The list under `name` as a table of `columns` (a dot reaches into an object); the document is the server's. */
export function answerTable(document: JsonObject, name: string, columns: readonly string[]): Answer {
  const rows = objectsOf(document, name).map((item) => columns.map((column) => cellAt(item, column)));
  return { document, lines: formatTable(columns, rows) };
}

/** The members `names` of one object, a line each, after `first`. A dot reaches into an object: `trust.light`. */
export function answerPairs(document: JsonObject, names: readonly string[], ...first: readonly string[]): Answer {
  return { document, lines: [...first, ...formatPairs(names.map((name) => [name, cellAt(document, name)]))] };
}

function cellAt(document: JsonObject, path: string): string {
  const [head = '', ...rest] = path.split('.');
  return rest.length === 0 ? cellOf(document, head) : cellAt(asObject(document[head]), rest.join('.'));
}
