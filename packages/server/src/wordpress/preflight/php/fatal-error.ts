/** The words in which PHP ends over a file (`display_errors`), read in time that grows with their length alone. */

/** What a file is refused for. */
export interface FatalError {
  readonly line: number;
  readonly message: string;
}

/** What is read of the words; a message holds text of the file, which is as long as its author likes. */
const maxLength = 20_000;
const place = ' on line ';

/** Reads `Fatal error: MESSAGE in FILE on line NUMBER`, marked up or not; undefined for other words. */
export function parseFatalError(words: string): FatalError | undefined {
  const start = /(?:Fatal|Parse) error(?:<\/b>)?:/.exec(words);
  if (!start) return undefined;
  const begin = start.index + start[0].length;
  const text = words.slice(begin, begin + maxLength).replaceAll(/<\/?b>/g, '');
  const end = text.indexOf(place);
  if (end < 0) return undefined;
  const line = Number.parseInt(text.slice(end + place.length, end + place.length + 9), 10);
  const message = text.slice(0, Math.max(text.lastIndexOf(' in ', end), 0)).trim();
  return { line: Number.isInteger(line) ? line : 1, message };
}
