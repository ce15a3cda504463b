/** Elements of unknown type: every level is walked and every universal type held to DER, without recursion. */
import { parseBits } from './bits.ts';
import { assertInteger } from './integer.ts';
import { refuseDer } from './malformed.ts';
import { parseOid } from './oid.ts';
import { type DerElement, DerReader } from './reader.ts';
import { isStringTag, parseString } from './string.ts';
import { isConstructed, tags } from './tag.ts';
import { parsePreciseTime, parseUtcTime } from './time.ts';

/**
 * Calls `visit` for each element in `bytes` in the order of the text, from depth 0. Content of primitive elements of
 * other classes is opaque. Throws `malformed` at the first thing that is not DER, or below `maxDerDepth`.
 */
export function walkDer(
  bytes: Uint8Array<ArrayBuffer>,
  visit: (element: DerElement, depth: number) => void = () => {},
): void {
  const levels = [new DerReader(bytes)];
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    if (level.atEnd) {
      levels.pop();
      continue;
    }
    const element = level.readElement();
    visit(element, levels.length - 1);
    if (isConstructed(element.tag)) levels.push(openElement(element, levels.length));
    else assertPrimitive(element);
  }
}

/** Throws `malformed` unless `bytes` is exactly one element and DER at every level. */
export function assertDer(bytes: Uint8Array<ArrayBuffer>): void {
  const reader = new DerReader(bytes);
  reader.readElement();
  reader.assertEnd();
  walkDer(bytes);
}

function openElement({ tag, content }: DerElement, depth: number): DerReader {
  const inner = new DerReader(content, { start: 0, end: content.length, depth });
  if (tag === tags.set) inner.assertOrder();
  return inner;
}

function assertPrimitive({ tag, content }: DerElement): void {
  if (tag === tags.integer || tag === tags.enumerated) assertInteger(content);
  else if (tag === tags.oid) parseOid(content);
  else if (tag === tags.bitString) parseBits(content);
  else if (tag === tags.boolean) assertBoolean(content);
  else if (tag === tags.null) assertNull(content);
  else if (tag === tags.utcTime) parseUtcTime(content);
  else if (tag === tags.generalizedTime) parsePreciseTime(content);
  else if (isStringTag(tag)) parseString(tag, content);
}

function assertBoolean(content: Uint8Array): void {
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw refuseDer('00 or FF as boolean');
}

function assertNull(content: Uint8Array): void {
  if (content.length !== 0) throw refuseDer('null to be empty');
}
