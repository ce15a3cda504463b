/** Names of authorities: the attributes that people give, in the order in which certificates have them. */
import { createName, type DistinguishedName } from '@signpost/protocol/x509/name';
import type { AttributeName } from '@signpost/protocol/x509/oids';
import { Refusal } from '../../errors.ts';

/** Attributes with their upper bounds in characters (RFC 5280, appendix A.1), from the country downwards. */
const subjectBounds = { C: 2, ST: 128, L: 128, O: 64, OU: 64, CN: 64 } as const satisfies Partial<
  Record<AttributeName, number>
>;

/** Attributes by short form; the common name is needed. */
export type SubjectWish = { readonly [Name in keyof typeof subjectBounds]?: string } & { readonly CN: string };

/** The name to be written. Throws `invalid`, rule `subject`, for text that a certificate cannot carry. */
export function composeSubject(wish: SubjectWish): DistinguishedName {
  const names = Object.keys(subjectBounds) as (keyof typeof subjectBounds)[];
  const attributes = names.flatMap((name) => {
    const text = wish[name]?.normalize('NFC').trim();
    return text === undefined || text === '' ? [] : [[name, text] as const];
  });
  for (const [name, text] of attributes) assertText(name, text);
  if (!attributes.some(([name]) => name === 'CN')) throw wrongSubject('a common name');
  return createName(attributes);
}

function assertText(name: keyof typeof subjectBounds, text: string): void {
  if ([...text].length > subjectBounds[name]) {
    throw wrongSubject(`at most ${subjectBounds[name]} characters for ${name}`);
  }
  // Control and direction characters would show one name and mean another.
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u.test(text)) throw wrongSubject(`plain text for ${name}`);
  if (name === 'C' && !/^[A-Z]{2}$/.test(text)) throw wrongSubject('a country of two capital letters');
}

function wrongSubject(expected: string): Refusal {
  return new Refusal('invalid', `subject: expected ${expected}`, { rule: 'subject' });
}
