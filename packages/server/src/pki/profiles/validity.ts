/** When a certificate is valid: as long as asked, within its profile and within its issuer (RFC 5280, 4.1.2.5). */
import { Refusal } from '../../errors.ts';
import { formatDuration, parseDuration } from './duration.ts';
import type { Profile } from './profile.ts';

/** Both inclusive, Unix ms of whole seconds. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** What was asked for; at most one of `lifetimeMs` and `notAfter`. */
export interface ValidityWish {
  readonly now: number;
  readonly lifetimeMs?: number | undefined;
  readonly notAfter?: number | undefined;
  /** The issuer's own end; `undefined` for a root, which has none above. */
  readonly issuerNotAfter: number | undefined;
  /** Refuses an end beyond the issuer's, whatever the profile says; without it, as the profile says. */
  readonly beyondIssuer?: 'refuse' | undefined;
}

/**
 * The validity to write: it begins `backdate` before now and ends when the lifetime from now is over. Throws `invalid` for one
 * longer than the profile's maximum or past, and, where profile or wish refuse rather than clamp, for one beyond the issuer's.
 */
export function decideValidity(profile: Profile, wish: ValidityWish): Validity {
  const { now, issuerNotAfter = Number.POSITIVE_INFINITY, beyondIssuer = profile.lifetime.beyond_issuer } = wish;
  const { standard, maximum, backdate } = durationsOf(profile);
  const lifetimeMs = wish.notAfter === undefined ? wish.lifetimeMs : wish.notAfter - now;
  const wanted = floorSecond(now + (lifetimeMs ?? standard));
  if (wanted - now > maximum || wanted <= now) {
    throw refuse(
      'lifetime',
      `expected a lifetime of at most ${profile.lifetime.maximum}, got ${describe(wanted - now)}`,
    );
  }
  if (issuerNotAfter <= now) throw refuse('issuer-expired', 'expected an issuer that is still valid');
  if (wanted > issuerNotAfter && beyondIssuer === 'refuse') {
    throw refuse('beyond-issuer', `expected an end before the issuer's, ${new Date(issuerNotAfter).toISOString()}`);
  }
  return {
    notBefore: floorSecond(now - backdate),
    notAfter: Math.min(wanted, floorSecond(issuerNotAfter)),
  };
}

/** Throws `invalid` when a validity that somebody else decided breaks what `decideValidity` promises. */
export function assertValidity(profile: Profile, { notBefore, notAfter }: Validity, issuerNotAfter?: number): void {
  const { maximum, backdate } = durationsOf(profile);
  if (notAfter < notBefore || notAfter - notBefore > maximum + backdate + 1000) {
    throw refuse(
      'lifetime',
      `expected a lifetime of at most ${profile.lifetime.maximum}, got ${describe(notAfter - notBefore)}`,
    );
  }
  if (issuerNotAfter !== undefined && notAfter > issuerNotAfter) {
    throw refuse('beyond-issuer', `expected an end before the issuer's, ${new Date(issuerNotAfter).toISOString()}`);
  }
}

interface Durations {
  readonly standard: number;
  readonly maximum: number;
  readonly backdate: number;
}

const durations = new WeakMap<Profile, Durations>();

/** In ms; read once, since profiles do not change. */
function durationsOf(profile: Profile): Durations {
  const known = durations.get(profile);
  if (known) return known;
  const { lifetime, backdate } = profile;
  const found = {
    standard: parseDuration(lifetime.default),
    maximum: parseDuration(lifetime.maximum),
    backdate: parseDuration(backdate),
  };
  durations.set(profile, found);
  return found;
}

// RFC 5280 knows no fractions of a second.
function floorSecond(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000;
}

function describe(ms: number): string {
  return ms <= 0 ? 'an end in the past' : formatDuration(ms);
}

function refuse(rule: string, message: string): Refusal {
  return new Refusal('invalid', message, { rule });
}
