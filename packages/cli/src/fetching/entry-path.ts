/** Names inside archives: only what every system writes to the same place, inside the target folder, is taken. */
import { Failure } from '../terminal/failure.ts';

/** The most entries of an archive. */
const maxEntries = 100_000;

/** Why an archive is not unpacked. */
export function refuseArchive(message: string): Failure {
  return new Failure('refused', `archive_refused: ${message}`, { code: 'archive_refused' });
}

/** The names of one archive, each once, also on systems that ignore case and the form of accents; and how much is in it. */
export class ArchiveBudget {
  readonly #names = new Map<string, 'file' | 'directory'>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The parts of the entry's path. Throws Failure for one that leads elsewhere, or is there twice. */
  add(path: string, kind: 'file' | 'directory'): readonly string[] {
    const parts = parseParts(path);
    for (let depth = 1; depth < parts.length; depth++) this.#insert(parts.slice(0, depth), 'directory');
    const name = fold(parts);
    if (kind === 'file' && this.#names.has(name))
      throw refuseArchive(`expected each name once, got ${quote(path)} again`);
    this.#insert(parts, kind);
    return parts;
  }

  /** Counts bytes that were unpacked. Throws Failure above the bound. */
  spend(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes)
      throw refuseArchive(`expected at most ${this.#maxBytes} bytes unpacked, got more`);
  }

  #insert(parts: readonly string[], kind: 'file' | 'directory'): void {
    const name = fold(parts);
    const known = this.#names.get(name);
    if (known !== undefined && known !== kind) {
      throw refuseArchive(`expected a file or a folder, got both: ${quote(parts.join('/'))}`);
    }
    this.#names.set(name, kind);
    if (this.#names.size > maxEntries) throw refuseArchive(`expected at most ${maxEntries} entries`);
  }
}

function fold(parts: readonly string[]): string {
  return parts.join('/').normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}

const forbidden = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\\:]/;
const reserved = /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])\s*(?:\.|$)/i;

function parseParts(path: string): readonly string[] {
  const relative = path.replace(/^\.\//, '').replace(/\/$/, '');
  const parts = relative.split('/');
  const isSafe = parts.every(
    (part) =>
      part !== '' &&
      part !== '.' &&
      part !== '..' &&
      !/[. ]$/.test(part) &&
      !reserved.test(part) &&
      Buffer.byteLength(part) <= 255,
  );
  if (path.startsWith('/') || forbidden.test(path) || !isSafe || Buffer.byteLength(path) > 1024 || parts.length > 64) {
    throw refuseArchive(`expected a name inside of the folder, got ${quote(path)}`);
  }
  return parts;
}

function quote(path: string): string {
  return JSON.stringify(path.slice(0, 200));
}
