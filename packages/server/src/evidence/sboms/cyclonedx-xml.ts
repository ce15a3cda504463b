/** CycloneDX XML (ECMA-424) into the members of its JSON form: no DOCTYPE, no entities but the five of XML, bounded. */

import { TrustError } from '@signpost/protocol/errors';
import type { JsonObject, JsonValue } from '@signpost/protocol/json/foreign';
import { SaxesParser, type SaxesTagNS } from 'saxes';

const namespacePattern = /^http:\/\/cyclonedx\.org\/schema\/bom\/(\d+\.\d+)$/;
const maxDepth = 128;
const maxElements = 5_000_000;

/** An element of the document. Those of other namespaces (extensions, signatures) are read over. */
interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

/** Parses `text`. Throws `malformed`, `too_large`, and `format_unsupported` for XML that is no CycloneDX. */
export function parseCycloneDxXml(text: string): JsonObject {
  const { root, version } = parseTree(text);
  return { ...convertMembers(root), bomFormat: 'CycloneDX', specVersion: version };
}

/** Reads the whole text into a tree. */
function parseTree(text: string): { root: Element; version: string } {
  const reader = new TreeReader();
  const parser = new SaxesParser({ xmlns: true, position: false });
  parser.on('xmldecl', ({ encoding = 'UTF-8' }) => {
    if (encoding.toUpperCase() !== 'UTF-8') refuse('malformed', `expected XML in UTF-8, got ${encoding.slice(0, 40)}`);
  });
  parser.on('doctype', () => refuse('malformed', 'expected XML without DOCTYPE'));
  parser.on('error', (error) => refuse('malformed', `expected well-formed XML: ${error.message.slice(0, 100)}`));
  parser.on('opentag', (tag) => reader.open(tag));
  parser.on('closetag', () => reader.close());
  parser.on('text', (part) => reader.addText(part));
  parser.on('cdata', (part) => reader.addText(part));
  parser.write(text).close();
  return reader.finish();
}

class TreeReader {
  readonly #stack: (Element | undefined)[] = [];
  #root: Element | undefined;
  #namespace = '';
  #elements = 0;

  open(tag: SaxesTagNS): void {
    if (this.#stack.length >= maxDepth) refuse('too_large', `expected at most ${maxDepth} levels of XML`);
    if (++this.#elements > maxElements) refuse('too_large', `expected at most ${maxElements} elements of XML`);
    if (this.#stack.length === 0) this.#namespace = tag.uri;
    const parent = this.#stack.at(-1);
    const isForeign = tag.uri !== this.#namespace || (this.#stack.length > 0 && !parent);
    const element = isForeign ? undefined : createElement(tag);
    if (element) parent?.children.push(element);
    this.#root ??= element;
    this.#stack.push(element);
  }

  close(): void {
    this.#stack.pop();
  }

  addText(part: string): void {
    const element = this.#stack.at(-1);
    if (element) element.text += part;
  }

  finish(): { root: Element; version: string } {
    const version = namespacePattern.exec(this.#namespace)?.[1];
    if (this.#root?.name !== 'bom' || version === undefined)
      return refuse('format_unsupported', 'expected the element bom of CycloneDX');
    return { root: this.#root, version };
  }
}

function createElement({ local, attributes }: SaxesTagNS): Element {
  const named = Object.values(attributes).filter(({ uri }) => uri === '');
  return {
    name: local,
    attributes: Object.fromEntries(named.map((attribute) => [attribute.local, attribute.value])),
    children: [],
    text: '',
  };
}

/** Elements that hold a list of others. */
const lists: ReadonlySet<string> = new Set([
  ...['components', 'services', 'hashes', 'licenses', 'authors', 'dependencies', 'compositions', 'assemblies'],
  ...['vulnerabilities', 'affects', 'annotations', 'subjects', 'externalReferences', 'properties', 'lifecycles'],
  ...['ratings', 'advisories', 'references', 'credits', 'cwes', 'responses', 'versions'],
]);

function convertMembers(element: Element): Record<string, JsonValue> {
  const members: Record<string, JsonValue> = { ...element.attributes };
  for (const child of element.children) {
    const name = child.name;
    if (name === '__proto__') continue;
    const value = convert(child);
    const before = Object.hasOwn(members, name) ? members[name] : undefined;
    // An element that stands there again, outside of the known lists.
    members[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return members;
}

function convert(element: Element): JsonValue {
  if (element.name === 'tools') return convertTools(element);
  if (lists.has(element.name)) return element.children.map(convertItem);
  const isPlain = element.children.length === 0 && Object.keys(element.attributes).length === 0;
  return isPlain ? element.text.trim() : convertMembers(element);
}

/** A list of `tool` up to 1.4, afterwards also an object with components and services. */
function convertTools(element: Element): JsonValue {
  const isList = element.children.every(({ name }) => name === 'tool');
  return isList ? element.children.map(convertItem) : convertMembers(element);
}

function convertItem(element: Element): JsonValue {
  const { name, attributes } = element;
  switch (name) {
    case 'hash':
      return { alg: attributes.alg ?? '', content: element.text.trim() };
    case 'license':
      return { license: convertMembers(element) };
    case 'expression':
      return { expression: element.text.trim() };
    case 'dependency':
      return convertDependency(element);
    case 'composition':
      return convertComposition(element);
    case 'assembly':
    case 'subject':
      return attributes.ref ?? '';
    default:
      return convert(element);
  }
}

/** In the graph an entry with what it needs; in a composition only a name. */
function convertDependency({ attributes, children }: Element): JsonObject {
  const listRefs = (name: string) =>
    children.filter((child) => child.name === name).map((child) => child.attributes.ref ?? '');
  return { ref: attributes.ref ?? '', dependsOn: listRefs('dependency'), provides: listRefs('provides') };
}

/** Its lists hold names only. */
function convertComposition(element: Element): JsonObject {
  const members = convertMembers(element);
  for (const { name, children } of element.children) {
    if (children.length > 0)
      members[name] = children.map(({ attributes }) => attributes.ref ?? attributes['bom-ref'] ?? '');
  }
  return members;
}

function refuse(code: 'malformed' | 'too_large' | 'format_unsupported', message: string): never {
  throw new TrustError(code, message);
}
