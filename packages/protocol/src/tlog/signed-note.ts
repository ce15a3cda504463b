/** Signed notes (C2SP signed-note, v1.0.0): text, then a line for each signature. Parsed, and verified under the keys of names. */
import { encodeBase64, parseBase64 } from '../bytes/base64.ts';
import { isSameBytes } from '../bytes/compare.ts';
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';

/** The largest note, in UTF-16 units. */
export const maxNoteCharacters: number = 256 * 1024;
/** The most signature lines of a note. */
export const maxNoteSignatures = 100;
/** How many octets say which key a signature is by. */
export const keyHintBytes = 4;

/** A note as it says it is. */
export interface SignedNote {
  /** What is signed, with its last line feed. */
  readonly text: string;
  /** At least one. */
  readonly signatures: readonly NoteSignature[];
}

/** One signature line. */
export interface NoteSignature {
  readonly name: string;
  /** Four octets that say which of the name's keys it is by. */
  readonly keyHint: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** Whose signature on a note counts. */
export interface NoteVerifier {
  readonly name: string;
  readonly keyHint: Uint8Array;
  /** Throws `bad_signature` or `malformed` unless `signature` is over the note's text. */
  verify(text: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>): Promise<void>;
}

declare const verified: unique symbol;

/** A note that was signed by one of those who were asked for. Only `verifyNote` makes one. */
export interface VerifiedNote {
  readonly [verified]: true;
  readonly text: string;
  /** Those whose signatures were found, each once. */
  readonly verifiers: readonly NoteVerifier[];
}

/** Parses a note. Throws `too_large` above a limit, otherwise `malformed`: nothing but signature lines may follow the text. */
export function parseSignedNote(note: string): SignedNote {
  if (note.length > maxNoteCharacters) {
    throw new TrustError('too_large', `expected a note of at most ${maxNoteCharacters} characters, got ${note.length}`);
  }
  // The text may hold empty lines itself: the last one ends it.
  const end = note.lastIndexOf('\n\n');
  if (end < 1) throw refuse('a note of a text, an empty line and signatures');
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2).split('\n');
  if (lines.pop() !== '') throw refuse('a note that ends with a line feed');
  if (lines.length === 0) throw refuse('a note with signatures');
  if (lines.length > maxNoteSignatures) {
    throw new TrustError('too_large', `expected at most ${maxNoteSignatures} signatures, got ${lines.length}`);
  }
  assertNoteText(text);
  return { text, signatures: lines.map(parseSignatureLine) };
}

/** No control characters but line feeds, and no half characters. */
function assertNoteText(text: string): void {
  if (/[\u0000-\u0009\u000b-\u001f]/.test(text) || !text.isWellFormed()) {
    throw refuse('a note without control characters');
  }
}

function parseSignatureLine(line: string): NoteSignature {
  const match = /^\u2014 ([^ ]+) ([A-Za-z0-9+/=]+)$/.exec(line);
  const [, name = '', encoded = ''] = match ?? [];
  if (!match || !isKeyName(name)) throw refuse('a signature line of a dash, a name and base64');
  const bytes = parseBase64(encoded);
  if (bytes.length <= keyHintBytes) throw refuse('a key hint of 4 octets and a signature');
  return { name, keyHint: bytes.slice(0, keyHintBytes), signature: bytes.slice(keyHintBytes) };
}

/** Whether a name may stand on a signature line: not empty, without white space and without a plus. */
export function isKeyName(name: string): boolean {
  return name !== '' && !/[\s+\p{Cc}]/u.test(name) && name.isWellFormed();
}

/**
 * The note, once at least one of `verifiers` is found to have signed it. Signatures by others are not looked at; one that
 * bears name and key of a verifier and does not verify is refused. Throws `bad_signature` or `malformed`.
 */
export async function verifyNote(note: SignedNote, verifiers: readonly NoteVerifier[]): Promise<VerifiedNote> {
  const text = encodeText(note.text);
  const found: NoteVerifier[] = [];
  for (const { name, keyHint, signature } of note.signatures) {
    const verifier = verifiers.find((one) => one.name === name && isSameBytes(one.keyHint, keyHint));
    if (!verifier || found.includes(verifier)) continue;
    await verifier.verify(text, signature);
    found.push(verifier);
  }
  if (found.length === 0) {
    const names = verifiers.map(({ name }) => name).join(' or ');
    throw new TrustError('bad_signature', `expected a note signed by ${names}, got no such signature`);
  }
  return { text: note.text, verifiers: found } as unknown as VerifiedNote;
}

/** A signature line, with its line feed. Throws a TypeError for a name that cannot stand there. */
export function encodeSignatureLine({ name, keyHint, signature }: NoteSignature): string {
  if (!isKeyName(name)) throw new TypeError('expected a name without white space and plus');
  const bytes = new Uint8Array(keyHintBytes + signature.length);
  bytes.set(keyHint);
  bytes.set(signature, keyHintBytes);
  return `\u2014 ${name} ${encodeBase64(bytes)}\n`;
}

function refuse(expected: string): TrustError {
  return new TrustError('malformed', `expected ${expected}`);
}
