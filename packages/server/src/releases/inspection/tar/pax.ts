/** Extended headers (POSIX.1-2024 pax, "pax Extended Header"; GNU tar's type L): they may rename an entry, no more. */
import { decodeName } from '../entry-path.ts';
import { refuse } from '../rules.ts';

/** Real ones have a few hundred bytes. */
export const maxExtensionBytes = 64 * 1024;

/** What an extended header says about the next entry. */
export interface PaxFields {
  readonly path: string | undefined;
  readonly size: number | undefined;
}

/** Parses the records `length key=value`. Throws `tar-extension`, or the rule about what they announce. */
export function parsePax(bytes: Buffer): PaxFields {
  const fields = new Map<string, string>();
  let position = 0;
  while (position < bytes.length) {
    const end = position + measureRecord(bytes, position);
    const [key, value] = parseRecord(bytes.subarray(position, end));
    if (fields.has(key)) refuse('tar-extension', 'expected each key of an extended header once');
    fields.set(key, value);
    position = end;
  }
  refuseKeys(fields);
  return { path: fields.get('path'), size: parseSize(fields.get('size')) };
}

/** Global headers rename nothing: git writes one with a comment. */
export function checkGlobalPax(bytes: Buffer): void {
  const { path, size } = parsePax(bytes);
  if (path !== undefined || size !== undefined) refuse('tar-extension', 'expected no path or size in a global header');
}

/** The length counts itself, the space, and the line feed at the end. */
function measureRecord(bytes: Buffer, position: number): number {
  const match = /^([1-9][0-9]{0,5}) /.exec(bytes.toString('latin1', position, position + 8));
  const length = Number(match?.[1] ?? 0);
  const isWhole = match !== null && length > match[0].length && position + length <= bytes.length;
  if (!isWhole || bytes[position + length - 1] !== 0x0a)
    return refuse('tar-extension', 'expected whole records in an extended header');
  return length;
}

function parseRecord(record: Buffer): [key: string, value: string] {
  const keyStart = record.indexOf(0x20) + 1;
  const keyEnd = record.indexOf(0x3d, keyStart);
  if (keyEnd <= keyStart) refuse('tar-extension', 'expected a key and a value in an extended header');
  const key = record.toString('latin1', keyStart, keyEnd);
  // GNU tar skips blanks before a key, and would find one that is not looked for here.
  if (/^\s|[\0-\x1f\x7f]/.test(key)) refuse('tar-extension', 'expected a key without control characters');
  const value = record.subarray(keyEnd + 1, -1);
  // Programs that read line by line would take it for a record of its own.
  if (/\n\s*[0-9]+ [^\n=]+=/.test(value.toString('latin1')))
    refuse('tar-extension', 'expected no record inside a value');
  // Only names are text that is used; values such as SCHILY.xattr may be any bytes.
  return [key, key === 'path' ? decodeName(value) : value.toString('latin1')];
}

function refuseKeys(fields: ReadonlyMap<string, string>): void {
  for (const key of fields.keys()) {
    if (key.startsWith('GNU.sparse.') || key === 'SCHILY.realsize') refuse('tar-sparse', 'expected no file with holes');
    if (key === 'linkpath') refuse('entry-symlink', 'expected no link');
    if (key === 'hdrcharset' || key === 'charset') refuse('path-encoding', 'expected names in UTF-8');
  }
}

function parseSize(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^(?:0|[1-9][0-9]{0,14})$/.test(value)) refuse('tar-extension', 'expected decimal digits in the size');
  return Number(value);
}

/** The name in an extension of GNU's type L: bytes up to a NUL at the end. */
export function parseLongName(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  if (end === -1) return decodeName(bytes);
  if (bytes.subarray(end).some((byte) => byte !== 0))
    refuse('path-control-character', 'expected nothing after the NUL of a name');
  return decodeName(bytes.subarray(0, end));
}
