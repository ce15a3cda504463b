/** Damages XML that is a tree: elements and attributes gone, doubled, renamed, moved, and with other text. */
import { encodeXml, type XmlNode } from './xml-documents.ts';

/** `count` documents with one or two changes each, which `seed` determines. */
export function damageTree(
  root: XmlNode,
  { count, seed }: { readonly count: number; readonly seed: number },
): string[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const once = damageOnce(root, random);
    return encodeXml(random() < 0.2 ? damageOnce(once, random) : once);
  });
}

type Random = () => number;

const texts = [
  '',
  ' ',
  'x',
  '1',
  '-1',
  'true',
  'required',
  'MIT',
  '2026-13-01T00:00:00Z',
  'https://a b',
  'pkg:npm/a@1',
  'complete',
];

function damageOnce(root: XmlNode, random: Random): XmlNode {
  const all = list(root);
  const target = pick(all.slice(1), random);
  const donor = pick(all.slice(1), random);
  return rewrite(root, (node) => (node === target ? change(node, donor, random) : [node]));
}

function change(node: XmlNode, donor: XmlNode, random: Random): readonly XmlNode[] {
  const { name, attributes, content } = node;
  const [key] = Object.keys(attributes);
  switch (Math.floor(random() * 9)) {
    case 0:
      return [];
    case 1:
      return [node, node];
    case 2:
      return [{ name: donor.name, attributes, content }];
    case 3:
      return [donor];
    case 4:
      return [donor, node];
    case 5:
      return [{ name, attributes, content: pick(texts, random) }];
    case 6:
      return [{ name, attributes: { ...attributes, [key ?? 'bogus']: pick(texts, random) }, content }];
    case 7:
      return [{ name, attributes: { ...donor.attributes }, content }];
    default:
      return [{ name, attributes, content: typeof content === 'string' ? [donor] : content.toReversed() }];
  }
}

function rewrite(node: XmlNode, replace: (node: XmlNode) => readonly XmlNode[]): XmlNode {
  if (typeof node.content === 'string') return node;
  return { ...node, content: node.content.flatMap((child) => rewriteBelow(child, replace)) };
}

function rewriteBelow(node: XmlNode, replace: (node: XmlNode) => readonly XmlNode[]): readonly XmlNode[] {
  const replaced = replace(node);
  return replaced.length === 1 && replaced[0] === node ? [rewrite(node, replace)] : replaced;
}

function list(node: XmlNode): XmlNode[] {
  return [node, ...(typeof node.content === 'string' ? [] : node.content.flatMap(list))];
}

function pick<T>(all: readonly T[], random: Random): T {
  const one = all[Math.floor(random() * all.length)];
  if (one === undefined) throw new TypeError('expected something to pick from');
  return one;
}

/** Numbers from 0 to below 1 (mulberry32). */
function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
