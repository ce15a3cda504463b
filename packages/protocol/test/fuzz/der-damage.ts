/** Damages DER: octets at random, and elements with all lengths around them put right, so that the damage reaches the inside. */
import { concat } from '../concat.ts';

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export type Random = () => number;

/** A source of numbers that `seed` determines. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of them. */
export function pick<T>(all: readonly T[], random: Random): T {
  const one = all[Math.floor(random() * all.length)];
  if (one === undefined) throw new TypeError('expected something to pick from');
  return one;
}

interface Node {
  tag: number;
  content: Uint8Array | Node[];
}

/** `bytes` with one to three changes. `donor` is what elements are taken from. */
export function damage(bytes: Uint8Array, donor: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  if (random() < 0.35) return damageOctets(bytes, random);
  const root: Node = { tag: 0, content: parseNodes(bytes, 0) ?? [] };
  const foreign: Node = { tag: 0, content: parseNodes(donor, 0) ?? [] };
  const changes = 1 + Math.floor(random() * 3);
  for (let change = 0; change < changes; change++) damageNode(root, foreign, random);
  return encodeContent(root);
}

function damageOctets(bytes: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  const damaged = Uint8Array.from(bytes);
  const changes = 1 + Math.floor(random() * 4);
  for (let change = 0; change < changes; change++) {
    damaged[Math.floor(random() * damaged.length)] = pick([0, 1, 0x7f, 0x80, 0xff, Math.floor(random() * 256)], random);
  }
  if (random() < 0.1) return damaged.slice(0, Math.floor(random() * damaged.length));
  return random() < 0.1 ? concat(damaged.slice(-40), damaged) : damaged;
}

/** The elements in `bytes`, also of octet and bit strings that hold some; `undefined` when there are none. */
function parseNodes(bytes: Uint8Array, depth: number): Node[] | undefined {
  const nodes: Node[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = readHeader(bytes, at);
    if (!header || depth > 40) return undefined;
    const content = bytes.subarray(header.start, header.end);
    const isHolder = (header.tag & 0x20) !== 0 || header.tag === 0x04;
    nodes.push({ tag: header.tag, content: (isHolder ? parseNodes(content, depth + 1) : undefined) ?? content });
    at = header.end;
  }
  return nodes;
}

function readHeader(bytes: Uint8Array, at: number) {
  const [tag = 0, first = 0] = bytes.subarray(at, at + 2);
  const octets = first < 0x80 ? 0 : first & 0x7f;
  let length = first < 0x80 ? first : 0;
  for (let index = 0; index < octets; index++) length = length * 256 + (bytes[at + 2 + index] ?? 0);
  const start = at + 2 + octets;
  if (octets > 4 || start > bytes.length || start + length > bytes.length) return undefined;
  return { tag, start, end: start + length };
}

/** Walks down to somewhere, and changes something there. */
function damageNode(root: Node, foreign: Node, random: Random): void {
  let parent = root;
  while (random() < 0.85) {
    const below = listChildren(parent).filter(({ content }) => Array.isArray(content) && content.length > 0);
    if (below.length === 0) break;
    parent = pick(below, random);
  }
  const children = listChildren(parent);
  if (children.length === 0) return;
  const at = Math.floor(random() * children.length);
  const child = children[at];
  if (child) pick(changes, random)({ children, at, child, foreign, random });
}

interface Place {
  readonly children: Node[];
  readonly at: number;
  readonly child: Node;
  readonly foreign: Node;
  readonly random: Random;
}

const usualTags = [
  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x1e, 0x30, 0x31, 0x80, 0x81, 0x82, 0x86,
  0xa0, 0xa1, 0xa2, 0xa3, 0xa4,
];

const changes: readonly ((place: Place) => void)[] = [
  ({ children, at }) => void children.splice(at, 1),
  ({ children, at, child }) => void children.splice(at, 0, structuredClone(child)),
  ({ children, at, random }) =>
    void children.splice(Math.floor(random() * children.length), 0, ...children.splice(at, 1)),
  ({ child, random }) => {
    child.tag = pick(usualTags, random);
  },
  ({ child, random }) => {
    child.content = createContent(random);
  },
  ({ child, random }) => {
    if (!Array.isArray(child.content)) child.content = damageOctets(child.content, random);
  },
  ({ child }) => {
    child.content = [{ tag: child.tag, content: child.content }];
  },
  ({ child, random }) => {
    for (let depth = Math.floor(random() * 60); depth > 0; depth--)
      child.content = [{ tag: 0x30, content: child.content }];
  },
  ({ child, random }) => {
    const copies = Math.floor(random() * 300);
    const [first] = listChildren(child);
    if (first) child.content = Array.from({ length: copies }, () => first);
  },
  ({ children, at, foreign, random }) => {
    children[at] = structuredClone(pick(listAll(foreign), random));
  },
];

function createContent(random: Random): Uint8Array {
  const lengths = [0, 1, 2, 4, 8, 20, 21, 130, 300];
  const filler = pick([0, 0x30, 0x7f, 0x80, 0xff, -1], random);
  return Uint8Array.from({ length: pick(lengths, random) }, () => (filler < 0 ? Math.floor(random() * 256) : filler));
}

function listChildren({ content }: Node): Node[] {
  return Array.isArray(content) ? content : [];
}

function listAll(node: Node): Node[] {
  return listChildren(node).flatMap((child) => [child, ...listAll(child)]);
}

function encodeContent({ content }: Node): Uint8Array<ArrayBuffer> {
  if (!Array.isArray(content)) return Uint8Array.from(content);
  const parts = content.map(encodeNode);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function encodeNode(node: Node): Uint8Array {
  const content = encodeContent(node);
  const { length } = content;
  const octets = length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
  const bytes = new Uint8Array(2 + octets + length);
  bytes[0] = node.tag;
  bytes[1] = octets === 0 ? length : 0x80 | octets;
  for (let index = octets, rest = length; index > 0; index--, rest = Math.floor(rest / 256)) bytes[1 + index] = rest;
  bytes.set(content, 2 + octets);
  return bytes;
}
