/** What is asked for when an authority is made, and how deep the tree may grow. */
import { type Certificate, isSelfIssued } from '@signpost/protocol/x509/certificate';
import { Refusal } from '../../errors.ts';
import type { NameConstraintWish } from '../profiles/contents.ts';
import type { KeyLabel } from '../profiles/key-label.ts';
import type { Profile } from '../profiles/profile.ts';

/** What every new authority is told. */
export interface NewAuthority {
  readonly name: string;
  /** Attributes by short form; `CN` is needed. */
  readonly subject: Readonly<Record<string, string>>;
  readonly keyType: KeyLabel;
  /** From now; without it as long as its profile says, and never longer than the issuer. */
  readonly days?: number | undefined;
  /** How many authorities may follow below. */
  readonly pathLength?: number | undefined;
}

/** What intermediates may be told besides. */
export interface NewSubordinate extends NewAuthority {
  /** The name of the profile; without it the built-in one. */
  readonly profile?: string | undefined;
  /** Which names may be issued below, and which not. */
  readonly nameConstraints?: NameConstraintWish | undefined;
}

/** Unix ms in a day. */
export const dayMs = 86_400_000;

/**
 * How many authorities may follow below the first of `chain` (an authority's own certificate, then those above); `undefined`: any
 * number.
 */
export function countRoomBelow(chain: readonly Certificate[]): number | undefined {
  let room: number | undefined;
  for (const [index, { extensions }] of chain.entries()) {
    const limit = extensions.basicConstraints?.value.pathLength;
    const between = chain.slice(0, index).filter((one) => !isSelfIssued(one)).length;
    if (limit !== undefined) room = Math.min(room ?? Number.POSITIVE_INFINITY, limit - between);
  }
  return room;
}

/** The path length for a new authority: `wished`, or what the profile says, or 0. Throws `invalid`, rule `path-length`, for more than the profile allows. */
export function readPathLength({ name, path_length: rule }: Profile, wished: number | undefined): number {
  const pathLength = wished ?? rule?.default ?? 0;
  if (rule === undefined || pathLength <= rule.maximum) return pathLength;
  throw new Refusal(
    'invalid',
    `expected a path length of at most ${rule.maximum} in profile ${name}, got ${pathLength}`,
    {
      rule: 'path-length',
    },
  );
}

/** The same below `chain`. Throws as well when those above do not leave so much. */
export function choosePathLength(chain: readonly Certificate[], profile: Profile, wished: number | undefined): number {
  const pathLength = readPathLength(profile, wished);
  const room = countRoomBelow(chain) ?? Number.POSITIVE_INFINITY;
  if (pathLength + 1 <= room) return pathLength;
  const left = room < 1 ? 'no authority' : `a path length of at most ${room - 1}`;
  throw new Refusal('invalid', `expected ${left} below this issuer, got path length ${pathLength}`, {
    rule: 'path-length',
  });
}
