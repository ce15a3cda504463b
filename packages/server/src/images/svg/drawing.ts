/** An SVG that was judged, written anew: what is served is what was read here, whatever another parser would have read. */
import { createImageRefusal } from '../rules.ts';
import { judgeAttributes } from './attributes.ts';
import { judgeReferences } from './references.ts';
import { parseSvgTree, quote, type SvgElement } from './tree.ts';

/** In user units. */
const maxSide = 10_000;
const numberPattern = /^\s*(\d{1,6}(?:\.\d{1,6})?)(?:px)?\s*$/;

/** A drawing that holds no program and refers to nothing outside itself. */
export interface Drawing {
  readonly bytes: Buffer;
  /** In user units. */
  readonly width: number;
  readonly height: number;
}

/** Judges an SVG. Throws a Refusal with an `ImageRule`. */
export function parseDrawing(bytes: Uint8Array): Drawing {
  const root = parseSvgTree(bytes);
  judgeBelow(root);
  judgeReferences(root);
  return { bytes: Buffer.from(writeElement(root, true)), ...readSize(root) };
}

function judgeBelow(element: SvgElement): void {
  judgeAttributes(element);
  for (const child of element.children) if (typeof child !== 'string') judgeBelow(child);
}

/** The size that a drawing says of itself: by width and height, or by its view box (SVG 2, 8.2). */
function readSize({ attributes }: SvgElement): { width: number; height: number } {
  const [, , boxWidth, boxHeight, ...more] =
    attributes
      .get('viewBox')
      ?.trim()
      .split(/[\s,]+/) ?? [];
  if (more.length > 0) throw createImageRefusal('svg-size', 'expected a viewBox of four numbers');
  return {
    width: readSide(boxWidth ?? attributes.get('width')),
    height: readSide(boxHeight ?? attributes.get('height')),
  };
}

function readSide(text: string | undefined): number {
  const side = Number(numberPattern.exec(text ?? '')?.[1]);
  if (side > 0 && side <= maxSide) return side;
  const got = text === undefined ? 'none' : quote(text);
  throw createImageRefusal('svg-size', `expected a viewBox, or width and height, of 1 to ${maxSide}; got ${got}`);
}

function writeElement({ name, attributes, children }: SvgElement, isRoot = false): string {
  const written = [...attributes].map(([attribute, value]) => ` ${attribute}="${escapeText(value)}"`).join('');
  const start = `${name}${isRoot ? ' xmlns="http://www.w3.org/2000/svg"' : ''}${written}`;
  if (children.length === 0) return `<${start}/>`;
  const content = children.map((child) => (typeof child === 'string' ? escapeText(child) : writeElement(child)));
  return `<${start}>${content.join('')}</${name}>`;
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (character) => escapes[character] ?? '').replace(/[\t\n\r]+/g, ' ');
}
