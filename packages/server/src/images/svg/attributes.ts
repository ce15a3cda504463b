/** The attributes of a drawing: known names, values of known forms, references inside it alone. */
import { createImageRefusal } from '../rules.ts';
import { quote, type SvgElement } from './tree.ts';
import { elements, generalAttributes, presentation } from './vocabulary.ts';

/** In characters; the data of a path may be longer. */
const maxValueLength = 2000;
const idPattern = /^[A-Za-z_][\w.-]{0,127}$/;
const localPattern = /^#[A-Za-z_][\w.-]{0,127}$/;
/** What a value is written with: no backslash, no at-sign, no colon, no angle bracket. */
const valuePattern = /^[\w\s.,#%()+\-*/'"&]*$/;
/** Over a value without its white space, and from the beginning of each name alone: a long value is read once. */
const functionPattern = /(?<![\w-])([\w-]*)\(/g;
const functions = new Set(['rgb', 'rgba', 'hsl', 'hsla', 'matrix', 'translate', 'scale', 'rotate', 'skewX', 'skewY']);
const urlPattern =
  /^url\(\s*(['"]?)#([A-Za-z_][\w.-]{0,127})\1\s*\)(?:\s+(?:none|currentColor|#[0-9a-fA-F]{3,8}|[a-z]+))?$/;
/** Attributes that may point to a gradient or a clip. */
const referring = new Set(['fill', 'stroke', 'clip-path']);
/** Numbers and letters of commands: what paths and points are written with. */
const geometryPattern = /^[\s\d.,eE+\-A-Za-z]*$/;

/** Puts the declarations of `style` among the attributes and judges every value. Throws a Refusal with an `ImageRule`. */
export function judgeAttributes({ name, attributes }: SvgElement): void {
  unfoldStyle(attributes);
  for (const [attribute, value] of attributes) {
    if (!isKnown(name, attribute)) refuseAttribute(name, attribute);
    judgeValue(attribute, value);
  }
}

/** The id that an attribute refers to; nothing when it refers to none. */
export function referenceOf(attribute: string, value: string): string | undefined {
  if (attribute === 'href') return value.slice(1);
  return referring.has(attribute) ? urlPattern.exec(value.trim())?.[2] : undefined;
}

function isKnown(element: string, attribute: string): boolean {
  return (
    generalAttributes.has(attribute) || presentation.has(attribute) || (elements[element]?.includes(attribute) ?? false)
  );
}

function refuseAttribute(element: string, attribute: string): never {
  if (attribute === 'href') throw createImageRefusal('svg-reference', `expected no reference in ${element}`);
  throw createImageRefusal('svg-attribute', `expected no attribute ${quote(attribute)} in ${element}`);
}

/** A style attribute is another spelling of presentation attributes (CSS Style Attributes), and wins over them. */
function unfoldStyle(attributes: Map<string, string>): void {
  const style = attributes.get('style');
  if (style === undefined) return;
  attributes.delete('style');
  for (const declaration of style.split(';')) {
    if (declaration.trim() === '') continue;
    const [property = '', value, ...more] = declaration.split(':').map((part) => part.trim());
    if (value === undefined || more.length > 0 || !presentation.has(property)) {
      throw createImageRefusal(
        'svg-style',
        `expected a style of presentation attributes, got ${quote(declaration.trim())}`,
      );
    }
    attributes.set(property, value);
  }
}

function judgeValue(attribute: string, value: string): void {
  const isGeometry = attribute === 'd' || attribute === 'points';
  if (!isGeometry && value.length > maxValueLength) {
    throw createImageRefusal('svg-limits', `expected a shorter ${attribute}`);
  }
  if (isGeometry) assertForm(attribute, value, geometryPattern);
  else if (attribute === 'id') assertForm(attribute, value, idPattern);
  else if (attribute === 'href') assertLocal(value);
  else judgeText(attribute, value);
}

function assertLocal(value: string): void {
  if (localPattern.test(value)) return;
  throw createImageRefusal('svg-reference', `expected a reference inside the drawing, got ${quote(value)}`);
}

function assertForm(attribute: string, value: string, pattern: RegExp): void {
  if (!pattern.test(value)) throw createImageRefusal('svg-value', `expected another ${attribute} than ${quote(value)}`);
}

function judgeText(attribute: string, value: string): void {
  assertForm(attribute, value, valuePattern);
  if (referring.has(attribute) && urlPattern.test(value.trim())) return;
  for (const [, name = ''] of value.replace(/\s+/g, '').matchAll(functionPattern)) {
    if (functions.has(name)) continue;
    const rule = name.toLowerCase() === 'url' ? 'svg-reference' : 'svg-value';
    throw createImageRefusal(rule, `expected another ${attribute} than ${quote(value)}`);
  }
}
