/** Which attributes a profile lets stand in a subject (RFC 5280, 4.1.2.6 and appendix A). */
import { type AttributeToWrite, createName, type DistinguishedName } from '@signpost/protocol/x509/name';
import { type AttributeName, attributeOids } from '@signpost/protocol/x509/oids';
import { Refusal } from '../../errors.ts';
import { quote } from './name-text.ts';
import type { Profile } from './profile.ts';

/** From the country downwards: in what order attributes stand that came without one. */
const usualOrder: readonly AttributeName[] = ['DC', 'C', 'ST', 'L', 'street', 'O', 'organizationIdentifier', 'OU'];

/** Upper bounds of RFC 5280, appendix A, in characters; 64 for all others. */
const maxCharacters: Partial<Record<AttributeName, number>> = {
  C: 2,
  ST: 128,
  L: 128,
  street: 128,
  emailAddress: 255,
  pseudonym: 128,
  SN: 40,
  GN: 16,
  initials: 5,
};

/** RFC 5280, appendix A: PrintableString. */
const printable: ReadonlySet<string> = new Set<AttributeName>(['C', 'serialNumber', 'dnQualifier']);

const maxAttributes = 20;

/** Attributes that came as members of an object, in their usual order, the common name last. */
export function orderSubject(subject: Readonly<Record<string, string>>): AttributeToWrite[] {
  const rank = ([type]: readonly [string, string]) => {
    const index = usualOrder.indexOf(type as AttributeName);
    return index < 0 ? usualOrder.length + (type === 'CN' ? 1 : 0) : index;
  };
  return Object.entries(subject).sort((left, right) => rank(left) - rank(right));
}

/** The attributes of a name that came in a request. Throws `invalid` for values that are no text, or types without a short form. */
export function readSubject({ relativeNames }: DistinguishedName): AttributeToWrite[] {
  return relativeNames.flat().map(({ type, text }) => {
    const [short] = Object.entries(attributeOids).find(([, oid]) => oid === type) ?? [];
    if (short === undefined || text === undefined) {
      throw refuse('subject-attribute', `expected subject attributes that have a short form, got ${type}`);
    }
    return [short, text];
  });
}

/** The subject to write. Throws `invalid` with the rule that it breaks: see `subject` of a profile. */
export function composeSubject(
  profile: Profile,
  subject: readonly AttributeToWrite[],
  issuer: DistinguishedName | undefined,
): DistinguishedName {
  if (subject.length > maxAttributes) throw refuse('subject-count', `expected at most ${maxAttributes} attributes`);
  for (const [type, text] of subject) {
    if (!Object.hasOwn(profile.subject, type)) {
      const allowed = Object.keys(profile.subject).join(', ') || 'nothing';
      throw refuse(
        'subject-attribute',
        `expected ${allowed} in a subject of profile ${profile.name}, got ${quote(type)}`,
      );
    }
    assertText(type as AttributeName, text);
  }
  for (const [type, rule] of demandsOf(profile)) assertRule(type, { rule, subject, issuer });
  return createName(subject);
}

type Demand = readonly [type: AttributeName, rule: string];

/** What of a profile's subject is more than allowed. */
const demands = new WeakMap<Profile, readonly Demand[]>();

function demandsOf(profile: Profile): readonly Demand[] {
  const known = demands.get(profile);
  if (known) return known;
  const found = (Object.entries(profile.subject) as Demand[]).filter(([, rule]) => rule !== 'optional');
  demands.set(profile, found);
  return found;
}

function assertText(type: AttributeName, text: string): void {
  const limit = maxCharacters[type] ?? 64;
  // No text has more characters than units, so only what is long needs to be counted.
  if ((text.length > limit && [...text].length > limit) || text.trim() === '') {
    throw refuse('subject-length', `expected ${type} of 1 to ${limit} characters, got ${[...text].length}`);
  }
  if (type === 'C' ? !/^[A-Z]{2}$/.test(text) : !isCarried(type, text)) {
    throw refuse('subject-text', `expected ${type} in the characters that it may have, got ${quote(text)}`);
  }
}

function isCarried(type: AttributeName, text: string): boolean {
  if (printable.has(type)) return /^[A-Za-z0-9 '()+,./:=?-]+$/.test(text);
  if (type === 'DC' || type === 'emailAddress') return /^[\x21-\x7e]+$/.test(text);
  // Control characters, lone surrogates and marks that turn the reading direction show as something else than they are.
  return /^[^\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]+$/u.test(text) && text === text.trim();
}

function assertRule(
  type: AttributeName,
  asked: {
    readonly rule: string;
    readonly subject: readonly AttributeToWrite[];
    readonly issuer: DistinguishedName | undefined;
  },
): void {
  const given = asked.subject.flatMap(([one, text]) => (one === type ? [text] : []));
  if (asked.rule === 'supplied' && given.length === 0) {
    throw refuse('subject-missing', `expected ${type} in the subject, got none`);
  }
  const dotted: string = attributeOids[type];
  const issued = asked.issuer?.relativeNames.flat().flatMap((one) => (one.type === dotted ? [one.text] : [])) ?? [];
  if (asked.rule === 'match' && JSON.stringify(given) !== JSON.stringify(issued)) {
    throw refuse('subject-match', `expected ${type} as the issuer has it, ${quote(issued.join(', '))}`);
  }
}

function refuse(rule: string, message: string): Refusal {
  return new Refusal('invalid', message, { rule });
}
