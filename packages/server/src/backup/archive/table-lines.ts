/** A table as JSON lines: the first names the columns, each further one holds a row's values in that order. */
import { Refusal } from '../../errors.ts';
import type { PortableContent, PortableValue } from '../../storage/portable/portable.ts';

const pieceCharacters = 64 * 1024;

/** The longest line that is read, in bytes: a row of the largest values that the server takes stays far below. */
const maxLineBytes = 64 * 1024 * 1024;

/** The lines of a table, in pieces; `onRows` hears how many rows each piece holds. */
export async function* encodeTable(
  table: PortableContent,
  onRows: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  let text = `${JSON.stringify(table.columns)}\n`;
  let count = 0;
  for await (const row of table.rows()) {
    text += `${JSON.stringify(row)}\n`;
    count += 1;
    if (text.length < pieceCharacters) continue;
    yield Buffer.from(text);
    onRows(count);
    [text, count] = ['', 0];
  }
  yield Buffer.from(text);
  onRows(count);
}

/** Reads the columns of a table. Throws `upload_refused`, rule `backup-rows`. */
export async function readColumns(bytes: AsyncIterable<Uint8Array>): Promise<string[]> {
  for await (const line of readLines(bytes)) return parseColumns(line);
  throw refuseLine('expected a line that names the columns');
}

/** Reads the rows of a table. Throws `upload_refused`, rule `backup-rows`, naming the line. */
export async function* readRows(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<readonly PortableValue[]> {
  let columns: readonly string[] | undefined;
  let number = 0;
  for await (const line of readLines(bytes)) {
    number += 1;
    if (columns) yield parseRow(line, { number, length: columns.length });
    else columns = parseColumns(line);
  }
}

function parseColumns(line: string): string[] {
  const value = parseJson(line, 1);
  if (!Array.isArray(value) || value.length === 0 || new Set(value).size !== value.length) {
    throw refuseLine('expected a line that names each column once');
  }
  return value.map((name: unknown) => {
    if (typeof name === 'string' && /^[a-z][a-z0-9_]{0,62}$/.test(name)) return name;
    throw refuseLine('expected names of columns in line 1');
  });
}

function parseRow(line: string, { number, length }: { number: number; length: number }): readonly PortableValue[] {
  const value = parseJson(line, number);
  if (!Array.isArray(value) || value.length !== length) {
    throw refuseLine(`expected ${length} values in line ${number}`);
  }
  if (value.every(isPortable)) return value;
  throw refuseLine(`expected texts, integers and nulls in line ${number}`);
}

function isPortable(value: unknown): value is PortableValue {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\u0000');
  return value === null || (Number.isSafeInteger(value) && !Object.is(value, -0));
}

function parseJson(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw refuseLine(`expected JSON in line ${number}`, cause);
  }
}

/** Whole lines, each ended by a line feed. */
async function* readLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const take = (part: Uint8Array) => {
    const line = Buffer.concat([...held, part]);
    [held, heldBytes] = [[], 0];
    return decodeLine(decoder, line);
  };
  for await (const chunk of bytes) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      yield take(chunk.subarray(start, end));
      start = end + 1;
    }
    held.push(Buffer.from(chunk.subarray(start)));
    heldBytes += chunk.length - start;
    if (heldBytes > maxLineBytes) throw refuseLine(`expected lines of at most ${maxLineBytes} bytes`);
  }
  if (heldBytes > 0) throw refuseLine('expected a line feed at the end');
}

function decodeLine(decoder: TextDecoder, line: Uint8Array): string {
  try {
    return decoder.decode(line);
  } catch (cause) {
    throw refuseLine('expected lines in UTF-8', cause);
  }
}

function refuseLine(message: string, cause?: unknown): Refusal {
  return new Refusal('upload_refused', message, {
    rule: 'backup-rows',
    hint: 'the backup was changed, or made by another program: take another one',
    cause,
  });
}
