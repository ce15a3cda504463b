/** Walks through a tar archive as its bytes arrive, in constant memory. */
import type { UnpackBudget } from '../budget.ts';
import { assertContained, PathSet } from '../entry-path.ts';
import { quoteName, refuse } from '../rules.ts';
import { blockBytes, isZero, parseTarHeader, type TarHeader } from './header.ts';
import { checkGlobalPax, maxExtensionBytes, type PaxFields, parseLongName, parsePax } from './pax.ts';

/** What comes next, as whole blocks. Content is only counted; the rest is kept until it is whole. */
type Expectation =
  | { readonly kind: 'header' | 'second-end' | 'padding'; readonly bytes: typeof blockBytes }
  | { readonly kind: 'content'; readonly bytes: number }
  | { readonly kind: 'extension'; readonly bytes: number; readonly header: TarHeader };

const nextHeader: Expectation = { kind: 'header', bytes: blockBytes };

/** Is asked about each file, and handed the bytes of those that it wants. */
export type VisitFile = (path: string, size: number) => ((chunk: Buffer) => void) | undefined;

/** Takes an archive chunk by chunk. Throws the rule that it breaks. */
export class TarWalk {
  readonly #budget: UnpackBudget;
  readonly #visit: VisitFile;
  #take: ((chunk: Buffer) => void) | undefined;
  /** Of the file whose blocks come, without their padding. */
  #contentLeft = 0;
  readonly #paths = new PathSet();
  #expected: Expectation = nextHeader;
  #bytesLeft: number = blockBytes;
  #kept: Buffer[] = [];
  /** From an extended header, for the entry that follows. */
  #extension: PaxFields | undefined;

  constructor(budget: UnpackBudget, visit: VisitFile = () => undefined) {
    this.#budget = budget;
    this.#visit = visit;
  }

  write(chunk: Buffer): void {
    this.#budget.spend(chunk.length);
    let rest = chunk;
    while (rest.length > 0) {
      const length = Math.min(rest.length, this.#bytesLeft);
      if (this.#expected.kind !== 'content') this.#kept.push(rest.subarray(0, length));
      else if (this.#take) this.#handOver(rest.subarray(0, length));
      rest = rest.subarray(length);
      this.#bytesLeft -= length;
      if (this.#bytesLeft === 0) this.#advance();
    }
  }

  #handOver(piece: Buffer): void {
    const content = piece.subarray(0, this.#contentLeft);
    this.#contentLeft -= content.length;
    if (content.length > 0) this.#take?.(content);
  }

  /** Throws `tar-truncated` unless the archive has ended, `archive-empty` when it held nothing. */
  finish(): void {
    if (this.#expected.kind !== 'padding') refuse('tar-truncated', 'expected two blocks of zeros at the end');
    if (!isZero(this.#takeKept())) refuse('tar-trailing-data', 'expected only zeros after the end');
    if (this.#budget.entries === 0) refuse('archive-empty', 'expected at least one entry');
  }

  #advance(): void {
    this.#expected = this.#readExpected(this.#expected, this.#takeKept());
    this.#bytesLeft = this.#expected.bytes;
  }

  #takeKept(): Buffer {
    const [first, ...more] = this.#kept;
    this.#kept = [];
    if (!first) return Buffer.alloc(0);
    return more.length === 0 ? first : Buffer.concat([first, ...more]);
  }

  #readExpected(expected: Expectation, bytes: Buffer): Expectation {
    switch (expected.kind) {
      case 'header':
        return isZero(bytes) ? this.#endEntries() : this.#readHeader(parseTarHeader(bytes));
      case 'content':
        return nextHeader;
      case 'extension':
        return this.#readExtension(expected.header, bytes.subarray(0, expected.header.size));
      case 'second-end':
        if (!isZero(bytes)) refuse('tar-trailing-data', 'expected two blocks of zeros at the end');
        return { kind: 'padding', bytes: blockBytes };
      case 'padding':
        if (!isZero(bytes)) refuse('tar-trailing-data', 'expected only zeros after the end');
        return expected;
    }
  }

  #endEntries(): Expectation {
    if (this.#extension) refuse('tar-extension', 'expected an entry after an extended header');
    return { kind: 'second-end', bytes: blockBytes };
  }

  #readHeader(header: TarHeader): Expectation {
    if (header.kind === 'file' || header.kind === 'directory') return this.#readEntry(header, header.kind);
    if (header.size > maxExtensionBytes) {
      refuse('tar-extension', `expected an extended header of at most ${maxExtensionBytes} bytes`);
    }
    if (header.size === 0) refuse('tar-extension', 'expected an extended header with content');
    return { kind: 'extension', header, bytes: padToBlocks(header.size) };
  }

  #readEntry(header: TarHeader, kind: 'file' | 'directory'): Expectation {
    this.#budget.addEntry();
    // Programs that know no extended headers take the name in the header.
    assertContained(header.path);
    const path = this.#extension?.path ?? header.path;
    const size = this.#extension?.size ?? header.size;
    // Programs that follow one of two sizes see other entries inside the file than those that follow the other.
    if (size !== header.size) refuse('tar-extension', `expected one size for ${quoteName(path)}, got two`);
    this.#extension = undefined;
    this.#addPath(path, kind);
    this.#take = kind === 'file' ? this.#visit(path, size) : undefined;
    this.#contentLeft = size;
    return size === 0 ? nextHeader : { kind: 'content', bytes: padToBlocks(size) };
  }

  #addPath(path: string, kind: 'file' | 'directory'): void {
    if (kind === 'file' && path.endsWith('/')) refuse('entry-type', `expected a file, got ${quoteName(path)}`);
    // `tar -C folder .` begins with `./` and writes it before each name.
    const relative = path.startsWith('./') ? path.slice(2) : path;
    const isRoot = kind === 'directory' && (path === './' || path === '.');
    if (!isRoot) this.#paths.add(relative, kind);
  }

  #readExtension(header: TarHeader, bytes: Buffer): Expectation {
    if (header.kind === 'pax-global') {
      checkGlobalPax(bytes);
      return nextHeader;
    }
    // Two extended headers for one entry are merged by some programs and replaced by others.
    if (this.#extension) refuse('tar-extension', 'expected one extended header for an entry');
    this.#extension = header.kind === 'pax' ? parsePax(bytes) : { path: parseLongName(bytes), size: undefined };
    return nextHeader;
  }
}

function padToBlocks(size: number): number {
  return Math.ceil(size / blockBytes) * blockBytes;
}
