/** The header of a plugin's main file, read as WordPress reads it (developer.wordpress.org: "Header Requirements"): by lines of comments, never by running anything. */

/** How much of a file WordPress looks at, in bytes. */
export const headerBytes = 8192;

/** The fields, by their names in the file. */
const fields = {
  name: 'Plugin Name',
  pluginUri: 'Plugin URI',
  version: 'Version',
  description: 'Description',
  author: 'Author',
  textDomain: 'Text Domain',
  requiresWordpress: 'Requires at least',
  requiresPhp: 'Requires PHP',
  requiresPlugins: 'Requires Plugins',
  updateUri: 'Update URI',
  license: 'License',
} as const;

/** What a header says; the empty text where it says nothing. */
export type PluginHeader = Readonly<Record<keyof typeof fields, string>>;

/** Reads the header from the first 8 KiB of a file. Undefined when it names no plugin: then it is no main file. */
export function parsePluginHeader(bytes: Uint8Array): PluginHeader | undefined {
  const lines = splitLines(bytes);
  const entries = Object.entries(fields).map(([key, name]) => [key, findField(lines, name)]);
  const header = Object.fromEntries(entries) as PluginHeader;
  return header.name === '' ? undefined : header;
}

/** Every byte is a character here, as to WordPress' patterns, which know nothing of UTF-8. */
function splitLines(bytes: Uint8Array): string[] {
  const head = bytes.subarray(0, headerBytes);
  return Buffer.from(head.buffer, head.byteOffset, head.byteLength)
    .toString('latin1')
    .split(/[\r\n]/);
}

/** The first line that begins with the name counts, even when nothing follows it there. */
function findField(lines: readonly string[], name: string): string {
  const wanted = `${name}:`.toLowerCase();
  for (const line of lines) {
    const text = line.slice(measureLead(line));
    if (text.slice(0, wanted.length).toLowerCase() !== wanted) continue;
    const value = text.slice(wanted.length);
    // PHP takes this text for nothing.
    return value === '0' ? '' : cleanValue(value);
  }
  return '';
}

/** What may stand before a name: the opening tag at the beginning of a line, then signs of comments. */
function measureLead(line: string): number {
  const tag = /^[ \t]*<\?php/i.exec(line)?.[0].length ?? 0;
  let end = tag;
  while (end < line.length && ' \t/*#@'.includes(line.charAt(end))) end += 1;
  return end;
}

/** Ends at the end of the comment or of PHP, and at neither side in white space. */
function cleanValue(value: string): string {
  const ends = ['*/', '?>'].map((mark) => value.indexOf(mark)).filter((at) => at >= 0);
  const text = ends.length === 0 ? value : trimEndOf(value.slice(0, Math.min(...ends)), ' \t\n\v\f\r');
  return Buffer.from(trimOf(text, ' \t\n\r\0\v'), 'latin1').toString('utf8');
}

/** PHP's white space is not JavaScript's, so each place names its own. */
function trimOf(text: string, characters: string): string {
  let start = 0;
  while (start < text.length && characters.includes(text.charAt(start))) start += 1;
  return trimEndOf(text.slice(start), characters);
}

function trimEndOf(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}
