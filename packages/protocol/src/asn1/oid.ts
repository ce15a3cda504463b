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

/** The content octets of a dotted identifier. Throws a TypeError: identifiers to write are the program's own. */
export function encodeOid(text: string): Uint8Array<ArrayBuffer> {
  if (!/^(?:[01]\.(?:[0-9]|[1-3][0-9])|2\.(?:0|[1-9][0-9]*))(?:\.(?:0|[1-9][0-9]*))*$/.test(text)) {
    throw new TypeError(`expected an object identifier, got ${text}`);
  }
  const [root = 0n, second = 0n, ...rest] = text.split('.').map(BigInt);
  const octets = [root * 40n + second, ...rest].flatMap(encodeArc);
  if (octets.length > maxOidBytes)
    throw new TypeError(`expected an object identifier of at most ${maxOidBytes} octets`);
  return Uint8Array.from(octets);
}

function encodeArc(arc: bigint): number[] {
  const octets = [Number(arc & 0x7fn)];
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) octets.unshift(Number(rest & 0x7fn) | 0x80);
  return octets;
}
