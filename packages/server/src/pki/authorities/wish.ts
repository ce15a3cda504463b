/** What is asked for when an authority is made, and what of it the ones above allow. */
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { isSelfIssued } from '@signpost/protocol/x509/certificate';
import { Refusal } from '../../errors.ts';
import { authorityNamePattern } from './authority.ts';
import { backdatingMs } from './contents.ts';
import type { KeyTypeName } from './key-choice.ts';
import type { SubjectWish } from './subject.ts';

const dayMs = 86_400_000;

/** What every new authority is told. */
export interface NewAuthority {
  readonly name: string;
  readonly subject: SubjectWish;
  readonly keyType: KeyTypeName;
  /** From now; without it as long as usual, and never longer than the issuer. */
  readonly days?: number;
  /** How many authorities may follow below. */
  readonly pathLength?: number;
}

/** Lives in days, unless somebody says otherwise, and at most. */
export const authorityDays = {
  root: { usual: 7300, longest: 10_950 },
  intermediate: { usual: 3650, longest: 7300 },
} as const;

/** Both ends of a validity period, Unix ms of whole seconds. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Throws `invalid` for a name that cannot stand in addresses. */
export function assertAuthorityName(name: string): void {
  if (authorityNamePattern.test(name)) return;
  throw new Refusal('invalid', 'expected a name of 1 to 63 of a-z, 0-9 and -', { rule: 'authority-name' });
}

/**
 * The period for `days` from `now`, begun some minutes earlier. Throws `invalid`, rule `validity`, for too many days, or when
 * they end after `issuer` does; without `days` the issuer's end is the limit.
 */
export function chooseValidity(
  kind: keyof typeof authorityDays,
  { days, now, issuer }: { readonly days: number | undefined; readonly now: number; readonly issuer?: Certificate },
): Validity {
  const { usual, longest } = authorityDays[kind];
  if (days !== undefined && (!Number.isInteger(days) || days < 1 || days > longest)) {
    throw new Refusal('invalid', `expected 1 to ${longest} days`, { rule: 'validity' });
  }
  const end = floorToSecond(now + (days ?? usual) * dayMs);
  const limit = issuer?.notAfter ?? Number.POSITIVE_INFINITY;
  if (days !== undefined && end > limit) {
    throw new Refusal('invalid', `expected an end no later than the issuer's, ${new Date(limit).toISOString()}`, {
      rule: 'validity',
    });
  }
  const start = Math.max(floorToSecond(now) - backdatingMs, issuer?.notBefore ?? 0);
  return { notBefore: start, notAfter: Math.min(end, limit) };
}

function floorToSecond(at: number): number {
  return Math.floor(at / 1000) * 1000;
}

/**
 * How many authorities may follow below the last of `chain` (an authority's own certificate first); `undefined`: any number.
 */
function countRoomBelow(chain: readonly Certificate[]): number | undefined {
  let room: number | undefined;
  for (const [index, { extensions }] of chain.entries()) {
    const limit = extensions.basicConstraints?.value.pathLength;
    const between = chain.slice(0, index).filter((one) => !isSelfIssued(one)).length;
    if (limit !== undefined) room = Math.min(room ?? Number.POSITIVE_INFINITY, limit - between);
  }
  return room;
}

/**
 * The path length for a new authority below `chain`: `wished`, or 0. Throws `invalid`, rule `path-length`, when those above do
 * not leave so much.
 */
export function choosePathLength(chain: readonly Certificate[], wished: number | undefined): number {
  const pathLength = wished ?? 0;
  const room = countRoomBelow(chain) ?? Number.POSITIVE_INFINITY;
  if (pathLength + 1 <= room) return pathLength;
  const left = room < 1 ? 'no authority' : `a path length of at most ${room - 1}`;
  throw new Refusal('invalid', `expected ${left} below this issuer, got path length ${pathLength}`, {
    rule: 'path-length',
  });
}
