/** Contents of OBJECT IDENTIFIER (X.690, 8.19), in dotted decimal. */
import { refuseDer } from './malformed.ts';

/** No registered identifier comes near; UUID-based ones (X.667) take 20. */
const maxOidBytes = 128;

/** The dotted form of content octets. Throws `malformed` when empty, cut off, not minimal, or above 128 octets. */
export function parseOid(content: Uint8Array): string {
  const { length } = content;
  if (length === 0 || length > maxOidBytes) throw refuseDer(`an object identifier of 1 to ${maxOidBytes} octets`);
  if ((content[length - 1] ?? 0) >= 0x80) throw refuseDer('an object identifier that ends');
  let text = '';
  let arc = 0;
  let isStart = true;
  for (let index = 0; index < length; index++) {
    const octet = content[index] ?? 0;
    // X.690, 8.19.2: the fewest possible octets.
    if (isStart && octet === 0x80) throw refuseDer('an object identifier without padding');
    if (arc >= 2 ** 46) return parseLargeOid(content);
    arc = arc * 128 + (octet & 0x7f);
    isStart = octet < 0x80;
    if (!isStart) continue;
    text += text === '' ? splitRoot(arc) : `.${arc}`;
    arc = 0;
  }
  return text;
}

/** X.690, 8.19.4: the first two arcs share one number. */
function splitRoot(first: number): string {
  const root = Math.min(Math.floor(first / 40), 2);
  return `${root}.${first - root * 40}`;
}

function parseLargeOid(content: Uint8Array): string {
  const arcs: bigint[] = [];
  let arc = 0n;
  let isStart = true;
  for (const octet of content) {
    if (isStart && octet === 0x80) throw refuseDer('an object identifier without padding');
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    isStart = octet < 0x80;
    if (!isStart) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [first = 0n, ...rest] = arcs;
  const root = first < 80n ? first / 40n : 2n;
  return [root, first - root * 40n, ...rest].join('.');
}

/** The content octets of a dotted identifier. Throws a TypeError when it is none. */
export function encodeOid(text: string): Uint8Array<ArrayBuffer> {
  const octets: number[] = [];
  const arcs = text.split('.');
  const [root = '', second = ''] = arcs;
  const isRoot = /^[01]$/.test(root) ? Number(second) < 40 : root === '2';
  if (!isRoot || arcs.length < 2 || !arcs.every(isArc))
    throw new TypeError(`expected an object identifier, got ${text}`);
  pushArc(octets, second, Number(root) * 40);
  for (let index = 2; index < arcs.length; index++) pushArc(octets, arcs[index] ?? '', 0);
  if (octets.length > maxOidBytes)
    throw new TypeError(`expected an object identifier of at most ${maxOidBytes} octets`);
  return Uint8Array.from(octets);
}

function isArc(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index);
    if (digit < 0x30 || digit > 0x39) return false;
  }
  return text.length === 1 || (text.length > 1 && text.charCodeAt(0) !== 0x30);
}

/** Appends the arc plus `offset` in base 128. */
function pushArc(octets: number[], text: string, offset: number): void {
  if (text.length > 9) {
    pushLargeArc(octets, BigInt(text) + BigInt(offset));
    return;
  }
  const arc = Number(text) + offset;
  for (let shift = 28; shift > 0; shift -= 7) if (arc >= 2 ** shift) octets.push(((arc >> shift) & 0x7f) | 0x80);
  octets.push(arc & 0x7f);
}

function pushLargeArc(octets: number[], arc: bigint): void {
  const end = octets.length;
  octets.push(Number(arc & 0x7fn));
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) octets.splice(end, 0, Number(rest & 0x7fn) | 0x80);
}
