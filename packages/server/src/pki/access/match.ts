/** Which certificates a rule is about: one part of them, compared exactly. */
import { hash } from 'node:crypto';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { formatName } from '@signpost/protocol/x509/name';
import { Refusal } from '../../errors.ts';
import { formatNameText, parseNameText } from '../profiles/name-text.ts';
import type { ClientAccessRow } from './store.ts';

/** What is compared. */
export type ClientMatch = Pick<ClientAccessRow, 'match_kind' | 'match_value'>;

/** The narrowest first: it decides when several rules match. */
const kinds = ['fingerprint', 'name', 'subject'] as const;

/**
 * What somebody wants compared: exactly one of the three. Throws `invalid` for none, several, or text that no certificate of
 * ours could have.
 */
export function parseMatch(wanted: Readonly<Partial<Record<(typeof kinds)[number], string | undefined>>>): ClientMatch {
  const [kind, ...others] = kinds.filter((one) => wanted[one] !== undefined);
  if (kind === undefined || others.length > 0) {
    throw new Refusal('invalid', `expected one of ${kinds.join(', ')} to match`, { rule: 'access-match' });
  }
  const text = wanted[kind] ?? '';
  return { match_kind: kind, match_value: kind === 'name' ? formatNameText(parseNameText(text)) : text };
}

/** The rule for `certificate`: of those that match, the narrowest, and of these the oldest. */
export function findMatching<Rule extends ClientMatch>(
  certificate: Certificate,
  rules: readonly Rule[],
): Rule | undefined {
  const parts = describeParts(certificate);
  const matching = rules.filter((rule) => parts[rule.match_kind].includes(rule.match_value));
  return matching.toSorted((left, right) => kinds.indexOf(left.match_kind) - kinds.indexOf(right.match_kind))[0];
}

/** The parts as rules name them, from the certificate itself: columns for searching are cleaned of odd characters. */
function describeParts({ bytes, subject, extensions }: Certificate): Record<(typeof kinds)[number], readonly string[]> {
  return {
    fingerprint: [hash('sha256', bytes)],
    name: (extensions.subjectAlternativeName?.value ?? []).map(formatNameText),
    subject: [formatName(subject)],
  };
}
