/** What is asked for when an authority is made, and how deep the tree may grow. */
import { type Certificate, isSelfIssued } from '@signpost/protocol/x509/certificate';
import { Refusal } from '../../errors.ts';
import type { NameConstraintWish } from '../profiles/contents.ts';
import type { KeyLabel } from '../profiles/key-label.ts';

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
