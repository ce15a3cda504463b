/** References inside a drawing: they exist, fit, form no circle, and copy no more than a renderer bears. */
import { createImageRefusal } from '../rules.ts';
import { referenceOf } from './attributes.ts';
import type { SvgElement } from './tree.ts';

/** Elements that are drawn, with all copies. */
const maxDrawn = 20_000;

/** What an attribute of an element may refer to. */
const targets: Readonly<Record<string, readonly string[]>> = {
  fill: ['linearGradient', 'radialGradient'],
  stroke: ['linearGradient', 'radialGradient'],
  'clip-path': ['clipPath'],
};
const gradients = ['linearGradient', 'radialGradient'];
const copied = ['symbol', 'path', 'rect', 'circle', 'ellipse', 'line', 'polyline', 'polygon', 'text', 'g'];

/** Judges the references below `root`. Throws a Refusal with an `ImageRule`. */
export function judgeReferences(root: SvgElement): void {
  const all = [...walk(root)];
  const ids = indexIds(all);
  let drawn = all.length;
  for (const element of all) {
    for (const [attribute, value] of element.attributes) {
      const id = referenceOf(attribute, value);
      if (id === undefined) continue;
      const target = ids.get(id);
      assertFits(element, attribute, target);
      if (element.name === 'use' || attribute === 'clip-path') drawn += countSimple(target);
      else if (attribute === 'href') assertNoReference(target);
    }
  }
  if (drawn > maxDrawn) throw createImageRefusal('svg-limits', `expected at most ${maxDrawn} elements with all copies`);
}

function* walk(element: SvgElement): Generator<SvgElement> {
  yield element;
  for (const child of element.children) if (typeof child !== 'string') yield* walk(child);
}

function indexIds(all: readonly SvgElement[]): ReadonlyMap<string, SvgElement> {
  const ids = new Map<string, SvgElement>();
  for (const element of all) {
    const id = element.attributes.get('id');
    if (id === undefined) continue;
    if (ids.has(id)) throw createImageRefusal('svg-value', `expected the id ${id} once`);
    ids.set(id, element);
  }
  return ids;
}

function assertFits(
  { name }: SvgElement,
  attribute: string,
  target: SvgElement | undefined,
): asserts target is SvgElement {
  const fitting = targets[attribute] ?? (name === 'use' ? copied : gradients);
  if (target && fitting.includes(target.name)) return;
  throw createImageRefusal('svg-reference', `expected ${attribute} of ${name} to name one of: ${fitting.join(', ')}`);
}

/** What is copied or clips does neither itself: a few lines would become millions of elements. */
function countSimple(target: SvgElement): number {
  const inside = [...walk(target)];
  if (inside.some(({ name, attributes }) => name === 'use' || attributes.has('clip-path'))) {
    throw createImageRefusal('svg-reference', 'expected copies and clips of what holds neither copies nor clips');
  }
  return inside.length;
}

/** A gradient takes over from one that takes over from nothing. */
function assertNoReference(target: SvgElement): void {
  if (target.attributes.has('href')) {
    throw createImageRefusal('svg-reference', 'expected a gradient that refers to one which refers to none');
  }
}
