/** PEM (RFC 7468): base64 between labelled lines. Strict inside a block; text between blocks is a comment. */
import { encodeBase64, parseBase64 } from '../bytes/base64.ts';
import { TrustError } from '../errors.ts';

/** One block. */
export interface PemBlock {
  /** Such as `CERTIFICATE`. */
  readonly label: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const label = '[A-Z0-9](?:[A-Z0-9]|[ -](?=[A-Z0-9]))*';
const begin = new RegExp(`^-----BEGIN (${label})-----$`);

/**
 * All blocks of `text`, in order. Throws `too_large` above `maxCharacters`, `malformed` for a block that does not end, ends
 * with another label, or holds anything but canonical base64.
 */
export function parsePem(text: string, maxCharacters: number): readonly PemBlock[] {
  if (text.length > maxCharacters) {
    throw new TrustError('too_large', `expected at most ${maxCharacters} characters of PEM, got ${text.length}`);
  }
  const blocks: PemBlock[] = [];
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.trimEnd());
  for (let at = 0; at < lines.length; at++) {
    const name = begin.exec(lines[at] ?? '')?.[1];
    if (name === undefined) continue;
    const end = lines.indexOf(`-----END ${name}-----`, at);
    const body = lines.slice(at + 1, end);
    if (end < 0 || body.some((line) => line.startsWith('-----'))) {
      throw new TrustError('malformed', `expected the PEM block ${name} to end`);
    }
    blocks.push({ label: name, bytes: parseBase64(body.join('')) });
    at = end;
  }
  return blocks;
}

/** The bytes of the only block, which has this label. Throws `malformed` for none, several, or another one. */
export function parsePemBlock(text: string, name: string, maxCharacters: number): Uint8Array<ArrayBuffer> {
  const [block, ...others] = parsePem(text, maxCharacters);
  if (block?.label !== name || others.length > 0) throw new TrustError('malformed', `expected one PEM block ${name}`);
  return block.bytes;
}

/** A block with lines of 64 characters and a line feed at the end. */
export function encodePem(name: string, bytes: Uint8Array): string {
  const body = encodeBase64(bytes);
  let text = `-----BEGIN ${name}-----\n`;
  for (let start = 0; start < body.length; start += 64) text += `${body.slice(start, start + 64)}\n`;
  return `${text}-----END ${name}-----\n`;
}
