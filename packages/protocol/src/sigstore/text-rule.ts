/** Rules about one text, as policies and tables of builders have them. */
import { TrustError } from '../errors.ts';
import type { SignableValue } from '../json/canonical.ts';
import { assertMembers, parseObject, parseString } from '../json/fields.ts';
import { type IdentityPattern, isPatternMatch, parseIdentityPattern } from './identity-pattern.ts';

/** Text that must be there to the letter, or a pattern for the whole of it. */
export type TextRule = string | IdentityPattern;

/** Whether `text` is as the rule says. */
export function isRuleMet(rule: TextRule, text: string): boolean {
  return typeof rule === 'string' ? rule === text : isPatternMatch(rule, text);
}

/** A text, or `{ "pattern": … }` where one may be given. Throws `malformed` with the member's name. */
export function readRule(
  value: SignableValue | undefined,
  name: string,
  { mayBePattern }: { readonly mayBePattern: boolean },
): TextRule {
  if (typeof value === 'string' || !mayBePattern) return parseText(value, name);
  const object = parseObject(value, name);
  assertMembers(object, ['pattern'], name);
  return parseIdentityPattern(parseText(object.pattern, `the pattern of ${name}`));
}

/** Text that is not empty, without space around it and control characters. Throws `malformed`. */
export function parseText(value: SignableValue | undefined, name: string): string {
  const text = parseString({ [name]: value }, name, 4096);
  if (text === '' || text.trim() !== text || /\p{Cc}/u.test(text)) {
    throw new TrustError('malformed', `expected ${name} to be text without space around it and control characters`);
  }
  return text;
}

/** Throws `malformed` for an empty list, `too_large` for one above its limit. */
export function assertCount(count: number, limit: number, name: string): void {
  if (count === 0) throw new TrustError('malformed', `expected ${name} to hold at least one item`);
  if (count > limit) throw new TrustError('too_large', `expected at most ${limit} items in ${name}, got ${count}`);
}
