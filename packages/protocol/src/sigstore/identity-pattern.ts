/** Patterns of identities (docs/protocol/identity-policy.md): wildcards over whole texts, matched in bounded time. */
import { TrustError } from '../errors.ts';

/** A pattern: never to be confused with the text of an identity, which is a string. */
export interface IdentityPattern {
  /** As it was written. */
  readonly pattern: string;
  readonly tokens: readonly PatternToken[];
}

/** One UTF-16 unit, or a wildcard. */
type PatternToken =
  | { readonly kind: 'unit'; readonly unit: string }
  /** `*`: any run without `/` and `@`, which part an identity; also the empty one. */
  | { readonly kind: 'part' }
  /** `**`: any run. */
  | { readonly kind: 'all' };

/** Above this a pattern is refused, in UTF-16 units. */
export const maxPatternLength = 1024;

/** How many wildcards a pattern may have. */
export const maxWildcards = 8;

/**
 * Parses a pattern: `*` and `**` are wildcards, every other character stands for itself, and none can be escaped.
 * Throws `malformed` for empty text, control characters and three stars in a row, `too_large` beyond the limits.
 */
export function parseIdentityPattern(pattern: string): IdentityPattern {
  if (pattern.length > maxPatternLength) {
    throw new TrustError('too_large', `expected a pattern of at most ${maxPatternLength} characters`);
  }
  if (pattern === '' || /\p{Cc}/u.test(pattern)) {
    throw new TrustError('malformed', 'expected a pattern of at least one character, none of them a control character');
  }
  if (pattern.includes('***')) throw new TrustError('malformed', 'expected * or ** as wildcard, got ***');
  const tokens = (pattern.match(/\*\*|[\s\S]/g) ?? []).map(readToken);
  const wildcards = tokens.filter(({ kind }) => kind !== 'unit').length;
  if (wildcards > maxWildcards) {
    throw new TrustError('too_large', `expected at most ${maxWildcards} wildcards in a pattern, got ${wildcards}`);
  }
  return { pattern, tokens };
}

function readToken(text: string): PatternToken {
  if (text === '*') return { kind: 'part' };
  if (text === '**') return { kind: 'all' };
  return { kind: 'unit', unit: text };
}

/**
 * Whether the whole of `text` is as the pattern says. Takes one step for each pair of token and unit at most, whatever
 * the two are: no pattern makes it slow.
 */
export function isPatternMatch({ tokens }: IdentityPattern, text: string): boolean {
  // Which tokens may come next, all at once: there is nothing to go back to.
  let places = reach(tokens, Uint8Array.of(1, ...tokens.map(() => 0)));
  for (let index = 0; index < text.length; index++) {
    const next = new Uint8Array(tokens.length + 1);
    const unit = text[index] ?? '';
    for (const [place, token] of tokens.entries()) {
      if (places[place] === 1 && isAdmitted(token, unit)) next[token.kind === 'unit' ? place + 1 : place] = 1;
    }
    places = reach(tokens, next);
  }
  return places[tokens.length] === 1;
}

/** A wildcard may stand for nothing: what comes after it may come, too. */
function reach(tokens: readonly PatternToken[], places: Uint8Array): Uint8Array {
  for (const [place, { kind }] of tokens.entries()) {
    if (places[place] === 1 && kind !== 'unit') places[place + 1] = 1;
  }
  return places;
}

function isAdmitted(token: PatternToken, unit: string): boolean {
  if (token.kind === 'unit') return token.unit === unit;
  return token.kind === 'all' || (unit !== '/' && unit !== '@');
}
