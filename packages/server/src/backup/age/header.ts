/** The header of an age file (age-encryption.org/v1): who can open it, sealed by a MAC under the file key. */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { decodeBase64, encodeBase64, type Stanza } from './stanzas.ts';

/** A header as it was read; it proves nothing until `isGenuine` says so. */
export interface Header {
  readonly stanzas: readonly Stanza[];
  readonly mac: Uint8Array;
  /** Everything that the MAC covers. */
  readonly covered: string;
}

const firstLine = 'age-encryption.org/v1';
const columns = 64;
const maxStanzas = 64;

/** The header over `stanzas`, up to and with its last line feed. */
export function encodeHeader(fileKey: Uint8Array, stanzas: readonly Stanza[]): Buffer {
  const covered = `${firstLine}\n${stanzas.map(encodeStanza).join('')}---`;
  return Buffer.from(`${covered} ${encodeBase64(macOf(fileKey, covered))}\n`);
}

/** Whether the header was written by somebody who knew `fileKey`. */
export function isGenuine({ mac, covered }: Header, fileKey: Uint8Array): boolean {
  return mac.length === 32 && timingSafeEqual(macOf(fileKey, covered), mac);
}

/** Reads a header out of its lines. Undefined when they are none in the strict form. */
export function parseHeader(text: string): Header | undefined {
  const lines = text.split('\n');
  if (lines.shift() !== firstLine || lines.pop() !== '') return undefined;
  const end = lines.pop()?.match(/^--- (\S+)$/);
  const mac = decodeBase64(end?.[1] ?? '');
  const stanzas = parseStanzas(lines);
  if (mac?.length !== 32 || !stanzas) return undefined;
  return { stanzas, mac, covered: text.slice(0, text.lastIndexOf('---') + 3) };
}

function parseStanzas(lines: string[]): Stanza[] | undefined {
  const stanzas: Stanza[] = [];
  while (lines.length > 0) {
    const args = lines.shift()?.match(/^-> ([\x21-\x7e]+(?: [\x21-\x7e]+)*)$/)?.[1];
    const body = takeBody(lines);
    if (args === undefined || !body || stanzas.length === maxStanzas) return undefined;
    stanzas.push({ args: args.split(' '), body });
  }
  // A passphrase beside other ways in would let its holders forge a file to the others.
  const hasPassphrase = stanzas.some(({ args }) => args[0] === 'scrypt');
  return stanzas.length === 0 || (hasPassphrase && stanzas.length > 1) ? undefined : stanzas;
}

/** Lines of 64 characters, ended by a shorter one, which may be empty. */
function takeBody(lines: string[]): Uint8Array | undefined {
  let text = '';
  for (;;) {
    const line = lines.shift();
    if (line === undefined || line.length > columns) return undefined;
    text += line;
    if (line.length < columns) return decodeBase64(text);
  }
}

function encodeStanza({ args, body }: Stanza): string {
  const text = encodeBase64(body);
  const lines: string[] = text.match(/.{1,64}/g) ?? [];
  if (text.length % columns === 0) lines.push('');
  return `-> ${args.join(' ')}\n${lines.join('\n')}\n`;
}

function macOf(fileKey: Uint8Array, covered: string): Buffer {
  const key = new Uint8Array(hkdfSync('sha256', fileKey, new Uint8Array(), 'header', 32));
  return createHmac('sha256', key).update(covered).digest();
}
