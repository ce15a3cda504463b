/** A drawing as a tree: strict XML in UTF-8, no DOCTYPE, no entities but the five of XML, bounded. */
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { createImageRefusal, type ImageRule } from '../rules.ts';
import { droppedAttributes, elements, forbidden } from './vocabulary.ts';

const svgNamespace = 'http://www.w3.org/2000/svg';
const xlinkNamespace = 'http://www.w3.org/1999/xlink';
const xmlNamespace = 'http://www.w3.org/XML/1998/namespace';
const maxDepth = 64;
const maxElements = 10_000;

/** An element; its attributes are those that mean something, under their names in SVG 2. */
export interface SvgElement {
  readonly name: string;
  readonly attributes: Map<string, string>;
  readonly children: (SvgElement | string)[];
}

/** Reads a drawing. Throws a Refusal with an `ImageRule`. */
export function parseSvgTree(bytes: Uint8Array): SvgElement {
  const reader = new SvgReader();
  const parser = new SaxesParser({ xmlns: true, position: false });
  parser.on('xmldecl', ({ encoding = 'UTF-8' }) => {
    if (encoding.toUpperCase() !== 'UTF-8') refuse('svg-encoding', 'expected an SVG in UTF-8');
  });
  parser.on('doctype', () => refuse('svg-doctype', 'expected an SVG without DOCTYPE'));
  parser.on('processinginstruction', () =>
    refuse('svg-instruction', 'expected an SVG without processing instructions'),
  );
  parser.on('error', ({ message }) =>
    refuse(ruleOfError(message), `expected well-formed XML: ${message.slice(0, 100)}`),
  );
  parser.on('opentag', (tag) => reader.open(tag));
  parser.on('closetag', () => reader.close());
  parser.on('text', (text) => reader.addText(text));
  parser.on('cdata', (text) => reader.addText(text));
  parser.write(decodeText(bytes)).close();
  return reader.finish();
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw createImageRefusal('svg-encoding', 'expected an SVG in UTF-8', cause);
  }
}

function ruleOfError(message: string): ImageRule {
  return /entity/i.test(message) ? 'svg-entity' : 'svg-malformed';
}

function refuse(rule: ImageRule, message: string): never {
  throw createImageRefusal(rule, message);
}

class SvgReader {
  readonly #stack: SvgElement[] = [];
  #root: SvgElement | undefined;
  #count = 0;

  open(tag: SaxesTagNS): void {
    if (this.#stack.length >= maxDepth) refuse('svg-limits', `expected at most ${maxDepth} levels of elements`);
    if (++this.#count > maxElements) refuse('svg-limits', `expected at most ${maxElements} elements`);
    const element = createElement(tag);
    if (!this.#root && element.name !== 'svg')
      refuse('svg-element', `expected the root element svg, got ${element.name}`);
    this.#stack.at(-1)?.children.push(element);
    this.#root ??= element;
    this.#stack.push(element);
  }

  close(): void {
    this.#stack.pop();
  }

  /** Text counts where it is shown or said; elsewhere only white space may stand. */
  addText(text: string): void {
    const element = this.#stack.at(-1);
    if (!element) return;
    if (['text', 'tspan', 'title', 'desc'].includes(element.name)) element.children.push(text);
    else if (text.trim() !== '') refuse('svg-element', `expected no text in ${element.name}`);
  }

  finish(): SvgElement {
    return this.#root ?? refuse('svg-malformed', 'expected an element, got none');
  }
}

function createElement({ uri, local, attributes }: SaxesTagNS): SvgElement {
  // What objects inherit is no rule: an element may be called `constructor`.
  const rule = Object.hasOwn(forbidden, local) ? forbidden[local] : undefined;
  if (rule) refuse(rule, `expected a drawing without ${local}`);
  if (uri !== svgNamespace) refuse('svg-namespace', `expected elements of SVG's namespace alone, got ${quote(local)}`);
  if (!Object.hasOwn(elements, local)) refuse('svg-element', `expected no element ${quote(local)}`);
  const kept = new Map<string, string>();
  for (const attribute of Object.values(attributes)) {
    const name = nameAttribute(attribute);
    if (name === undefined) continue;
    if (kept.has(name)) refuse('svg-attribute', `expected ${quote(name)} once`);
    kept.set(name, attribute.value);
  }
  return { name: local, attributes: kept, children: [] };
}

/** The name that an attribute has in SVG 2; nothing where it is left out. */
function nameAttribute(attribute: {
  readonly uri: string;
  readonly prefix: string;
  readonly local: string;
}): string | undefined {
  const { uri, prefix, local } = attribute;
  if (prefix === 'xmlns' || (prefix === '' && local === 'xmlns')) return undefined;
  if (uri === xlinkNamespace && local === 'href') return 'href';
  if (uri === xmlNamespace && (local === 'space' || local === 'lang')) return undefined;
  if (uri !== '')
    return refuse('svg-namespace', `expected attributes of SVG alone, got ${quote(`${prefix}:${local}`)}`);
  if (/^on/i.test(local)) refuse('svg-event', `expected a drawing without ${quote(local)}`);
  return droppedAttributes.test(local) ? undefined : local;
}

/** A name that may be anything, cut and made visible. */
export function quote(name: string): string {
  return JSON.stringify(name.slice(0, 60));
}
