/** Distinguished names (RFC 5280, 4.1.2.4 and 7.1). */
import { refuseDer } from '../asn1/malformed.ts';
import { DerReader } from '../asn1/reader.ts';
import { isStringTag, parseString, type StringTag } from '../asn1/string.ts';
import { tags } from '../asn1/tag.ts';
import { assertDer } from '../asn1/walk.ts';
import { constructed, encodeDer, encoded, oid, sequence, sequenceOf, string } from '../asn1/writer.ts';
import { encodeHex } from '../bytes/hex.ts';
import { type AttributeName, attributeOids } from './oids.ts';

/** One attribute, such as a common name. */
export interface NameAttribute {
  /** Dotted. */
  readonly type: string;
  /** `undefined` for values that are no text. */
  readonly text: string | undefined;
  /** The value with its header. */
  readonly value: Uint8Array<ArrayBuffer>;
}

/** A name as it stands in a certificate. Two names are the same when `isSameName` says so, not when their bytes are. */
export interface DistinguishedName {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** From the country downwards; each with one attribute or several. */
  readonly relativeNames: readonly (readonly NameAttribute[])[];
  /** One text for each relative name: equal for names that are the same (RFC 5280, 7.1). */
  readonly keys: readonly string[];
}

const maxRelativeNames = 4096;

/** The name that comes next. Throws `malformed`, also for text with a NUL in it. */
export function readName(reader: DerReader): DistinguishedName {
  const { bytes } = reader.readElement();
  const relativeNames = new DerReader(bytes).readSequence().readAll(readRelativeName);
  if (relativeNames.length > maxRelativeNames) throw refuseDer(`at most ${maxRelativeNames} relative names`);
  return { bytes, relativeNames, keys: relativeNames.map(deriveKey) };
}

function readRelativeName(reader: DerReader): readonly NameAttribute[] {
  const attributes = reader.readSet().readAll(readAttribute);
  if (attributes.length === 0) throw refuseDer('a relative name of at least one attribute');
  return attributes;
}

function readAttribute(reader: DerReader): NameAttribute {
  const attribute = reader.readSequence();
  const type = attribute.readOid();
  const { tag, content, bytes } = attribute.readElement();
  attribute.assertEnd();
  if (!isStringTag(tag)) {
    assertDer(bytes);
    return { type, text: undefined, value: bytes };
  }
  const text = parseString(tag, content);
  // A name that ends early for one reader and late for another: CVE-2009-2408.
  if (text.includes('\0')) throw refuseDer('a name without NUL');
  return { type, text, value: bytes };
}

function deriveKey(attributes: readonly NameAttribute[]): string {
  const [first] = attributes;
  return first && attributes.length === 1
    ? deriveAttributeKey(first)
    : attributes.map(deriveAttributeKey).sort().join('+');
}

function deriveAttributeKey({ type, text, value }: NameAttribute): string {
  // What is nearly every host name says the same as below, for a tenth of the time.
  if (text !== undefined && plainWord.test(text)) return `["${type}","${text.toLowerCase()}"]`;
  return JSON.stringify([type, text === undefined ? `#${encodeHex(value)}` : foldText(text)]);
}

/** ASCII that neither folding nor JSON changes, but for its case. */
const plainWord = /^[!#-[\]-~]+$/;

/** Case and white space do not tell names apart (RFC 4518: mapping, NFKC, insignificant spaces). */
function foldText(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s\u00ad\u200b]+/gu, ' ')
    .trim();
}

/** Whether two names are the same: RFC 5280, 7.1, whatever string types they are written in. */
export function isSameName(left: DistinguishedName, right: DistinguishedName): boolean {
  return left.keys.length === right.keys.length && isWithinName(left, right);
}

/** Whether `name` is `base` or stands below it. */
export function isWithinName(name: DistinguishedName, base: DistinguishedName): boolean {
  return base.keys.length <= name.keys.length && base.keys.every((key, index) => key === name.keys[index]);
}

/** Whether a name has no attributes at all. */
export function isEmptyName({ relativeNames }: DistinguishedName): boolean {
  return relativeNames.length === 0;
}

/** All texts of one attribute type, in order. */
export function listAttributes({ relativeNames }: DistinguishedName, type: AttributeName): readonly string[] {
  const texts: string[] = [];
  for (const attributes of relativeNames) {
    for (const one of attributes) if (one.type === attributeOids[type] && one.text !== undefined) texts.push(one.text);
  }
  return texts;
}

/** A name in the form of RFC 4514, but in the order of the certificate: `C=AT, O=Example, CN=host`. */
export function formatName({ relativeNames }: DistinguishedName): string {
  return relativeNames.map((attributes) => attributes.map(formatAttribute).join('+')).join(', ');
}

function formatAttribute({ type, text, value }: NameAttribute): string {
  const [short] = Object.entries(attributeOids).find(([, known]) => known === type) ?? [type];
  if (text === undefined) return `${short}=#${encodeHex(value)}`;
  // RFC 4514, 2.4; control characters would change how a terminal or a log shows the rest.
  const escaped = text
    .replace(/[\\"+,;<>]|^[ #]| $/g, '\\$&')
    .replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) =>
      [...new TextEncoder().encode(character)].map((octet) => `\\${octet.toString(16).padStart(2, '0')}`).join(''),
    );
  return `${short}=${escaped}`;
}

/** One attribute to write: its type by short form or dotted, and its text. */
export type AttributeToWrite = readonly [type: AttributeName | (string & {}), text: string];

/**
 * A name of single attributes, in this order. Countries, serial numbers and qualifiers are PrintableString, domain components
 * and addresses IA5String, all else UTF8String (RFC 5280, 4.1.2.4 and appendix A). Throws a TypeError on text that does
 * not fit, or that is empty.
 */
export function createName(attributes: readonly AttributeToWrite[]): DistinguishedName {
  const relativeNames = attributes.map((attribute) => [createAttribute(attribute)]);
  const members = relativeNames.map((relative) =>
    constructed(
      tags.set,
      relative.map(({ type, value }) => sequence(oid(type), encoded(value))),
    ),
  );
  return { bytes: encodeDer(sequenceOf(members)), relativeNames, keys: relativeNames.map(deriveKey) };
}

function createAttribute([type, text]: AttributeToWrite): NameAttribute & { readonly text: string } {
  // Half a character would be written as another one.
  if (text === '' || text.includes('\0') || !text.isWellFormed()) throw new TypeError(`expected text for ${type}`);
  const dotted = Object.hasOwn(attributeOids, type) ? attributeOids[type as AttributeName] : type;
  if (dotted === attributeOids.C && !/^[A-Z]{2}$/.test(text)) throw new TypeError('expected a country of two letters');
  return { type: dotted, text, value: encodeDer(string(chooseStringTag(dotted), text)) };
}

function chooseStringTag(type: string): StringTag {
  if (type === attributeOids.DC || type === attributeOids.emailAddress) return tags.ia5String;
  return printableOnly.has(type) ? tags.printableString : tags.utf8String;
}

const printableOnly: ReadonlySet<string> = new Set([
  attributeOids.C,
  attributeOids.serialNumber,
  attributeOids.dnQualifier,
]);
