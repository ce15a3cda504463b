/** GeneralName (RFC 5280, 4.2.1.6): the names that a subject or issuer has beside its distinguished one. */
import { refuseDer } from '../asn1/malformed.ts';
import type { DerReader } from '../asn1/reader.ts';
import { constructedTag, contextTag, tags } from '../asn1/tag.ts';
import { assertDer } from '../asn1/walk.ts';
import { constructed, type DerValue, encoded, explicit, implicit, oid, primitive, string } from '../asn1/writer.ts';
import { type DistinguishedName, readName } from './name.ts';

/** A name of one of nine forms. */
export type GeneralName =
  | { readonly kind: 'other'; readonly type: string; readonly value: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'email'; readonly text: string }
  | { readonly kind: 'dns'; readonly text: string }
  | { readonly kind: 'x400'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'directory'; readonly name: DistinguishedName }
  | { readonly kind: 'edi-party'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'uri'; readonly text: string }
  /** 4 or 16 octets; in a name constraint 8 or 32, the address and then its mask. */
  | { readonly kind: 'ip'; readonly address: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'registered-id'; readonly oid: string };

/** The name that comes next. Whether texts and addresses are well formed is not looked at: see `assertGeneralName`. */
export function readGeneralName(reader: DerReader): GeneralName {
  const tag = reader.peekTag() ?? 0;
  switch (tag) {
    case constructedTag(0):
      return readOtherName(reader);
    case contextTag(1):
      return { kind: 'email', text: readText(reader, tag) };
    case contextTag(2):
      return { kind: 'dns', text: readText(reader, tag) };
    case constructedTag(3):
      return { kind: 'x400', bytes: readOpaque(reader) };
    case constructedTag(4):
      return { kind: 'directory', name: readDirectoryName(reader) };
    case constructedTag(5):
      return { kind: 'edi-party', bytes: readOpaque(reader) };
    case contextTag(6):
      return { kind: 'uri', text: readText(reader, tag) };
    case contextTag(7):
      return { kind: 'ip', address: reader.readOctetString(tag) };
    case contextTag(8):
      return { kind: 'registered-id', oid: reader.readOid(tag) };
    default:
      throw refuseDer('a general name');
  }
}

/** GeneralNames: at least one. `tag` when they stand under an IMPLICIT one. */
export function readGeneralNames(reader: DerReader, tag: number = tags.sequence): readonly GeneralName[] {
  const names = reader.readConstructed(tag).readAll(readGeneralName);
  if (names.length === 0) throw refuseDer('at least one general name');
  return names;
}

function readText(reader: DerReader, tag: number): string {
  const text = reader.readIa5(tag);
  if (text.includes('\0')) throw refuseDer('a name without NUL');
  return text;
}

function readOtherName(reader: DerReader): GeneralName {
  const inner = reader.readConstructed(constructedTag(0));
  const type = inner.readOid();
  const value = inner.readExplicit(0, (one) => one.readElement().bytes);
  inner.assertEnd();
  if (!value) throw refuseDer('a value of the other name');
  assertDer(value);
  return { kind: 'other', type, value };
}

function readDirectoryName(reader: DerReader): DistinguishedName {
  const name = reader.readExplicit(4, readName);
  if (!name) throw refuseDer('a directory name');
  return name;
}

function readOpaque(reader: DerReader): Uint8Array<ArrayBuffer> {
  const { bytes } = reader.readElement();
  assertDer(bytes);
  return bytes;
}

/** A general name to be written. Throws a TypeError on text beyond ASCII. */
export function encodeGeneralName(name: GeneralName): DerValue {
  switch (name.kind) {
    case 'other':
      return constructed(constructedTag(0), [oid(name.type), explicit(0, encoded(name.value))]);
    case 'email':
      return implicit(contextTag(1), string(tags.ia5String, name.text));
    case 'dns':
      return implicit(contextTag(2), string(tags.ia5String, name.text));
    case 'directory':
      return explicit(4, encoded(name.name.bytes));
    case 'uri':
      return implicit(contextTag(6), string(tags.ia5String, name.text));
    case 'ip':
      return primitive(contextTag(7), name.address);
    case 'registered-id':
      return implicit(contextTag(8), oid(name.oid));
    case 'x400':
    case 'edi-party':
      return encoded(name.bytes);
  }
}
