/** Identifier octets (X.690, 8.1.2). A tag below 31 is its one octet; a higher one is `first octet | number << 8`. */

/** The universal tags, as they stand in DER: SEQUENCE and SET are constructed, everything else is primitive. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

const tagNames: ReadonlyMap<number, string> = new Map(
  Object.entries(tags).map(([name, tag]) => [tag, name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)]),
);

/** The context-specific primitive tag `[number]`, for IMPLICIT primitive types. `number` is below 31. */
export function contextTag(number: number): number {
  return 0x80 | number;
}

/** The context-specific constructed tag `[number]`, for EXPLICIT tags and IMPLICIT sequences. `number` is below 31. */
export function constructedTag(number: number): number {
  return 0xa0 | number;
}

/** Whether elements of this tag consist of elements. */
export function isConstructed(tag: number): boolean {
  return (tag & 0x20) !== 0;
}

/** A tag in words, for refusals: `octet string`, `[0]`. */
export function describeTag(tag: number): string {
  const known = tagNames.get(tag);
  if (known) return known;
  const number = (tag & 0x1f) === 0x1f ? tag >> 8 : tag & 0x1f;
  const kind = isConstructed(tag) ? 'constructed' : 'primitive';
  return `${kind} [${['universal ', 'application ', '', 'private '][(tag >> 6) & 3]}${number}]`;
}
