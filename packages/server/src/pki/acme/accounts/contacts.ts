/** How an account's holder is reached (RFC 8555, section 7.3): mail only. */
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { isMailbox } from '@signpost/protocol/x509/name-syntax';
import { AcmeProblem } from '../problem.ts';

const maxContacts = 10;

/** The contacts of a payload; undefined when it has none. Throws `unsupportedContact` or `invalidContact`. */
export function parseContacts({ contact }: SignableObject): readonly string[] | undefined {
  if (contact === undefined) return undefined;
  if (!Array.isArray(contact) || contact.length > maxContacts) {
    throw new AcmeProblem('malformed', `expected contact to be an array of at most ${maxContacts} URLs`);
  }
  for (const url of contact) assertContact(url);
  return contact as readonly string[];
}

function assertContact(url: unknown): void {
  if (typeof url !== 'string') throw new AcmeProblem('malformed', 'expected contact to hold texts');
  if (!url.startsWith('mailto:')) throw new AcmeProblem('unsupportedContact', 'expected a mailto: URL');
  // RFC 8555, 7.3: one address, and no header fields.
  if (!isMailbox(url.slice('mailto:'.length))) throw new AcmeProblem('invalidContact', 'expected one mail address');
}
