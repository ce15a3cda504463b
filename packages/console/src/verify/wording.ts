/** What came of a check, in words: what was proven, and, as plainly, what was not. */
import type { TrustErrorCode } from '@signpost/protocol/errors';
import type { VerifiedTrustList } from '@signpost/protocol/updates/verify-trust-list';
import { formatMessage, type Locale, type Values } from '../language/message.ts';
import { formatDay } from '../language/moments.ts';
import type { Outcome } from './check-file.ts';
import { isSameRoots, type Pins } from './pins.ts';
import { texts as german } from './texts.de.ts';
import { texts as english } from './texts.en.ts';

/** A text by its key, filled. */
export type Say = (key: keyof typeof english, values?: Values) => string;

/** How a page shows an outcome. */
export interface Wording {
  /** `maybe`: neither proven nor disproved. */
  readonly kind: 'yes' | 'no' | 'maybe';
  readonly title: string;
  readonly leads: readonly string[];
  readonly proven: readonly string[];
  readonly unproven: readonly string[];
}

/** A file that the server says it has published. */
export interface ClaimedFile {
  readonly name: string;
  readonly version: string;
  readonly state: string;
}

interface OutcomeContext {
  readonly pins: Pins;
  readonly claimed: ClaimedFile | undefined;
  readonly say: Say;
  readonly locale: Locale;
}

/** The texts of `locale`. Both are at hand: together they are smaller than a request for one. */
export function createSay(locale: Locale): Say {
  const texts = { en: english, de: german }[locale];
  return (key, values = {}) => formatMessage(texts[key], values, locale);
}

/** Describes `outcome`; `claimed` is what the server says of the file, for when nothing signed does. */
export function describeOutcome(outcome: Outcome, { pins, claimed, say, locale }: OutcomeContext): Wording {
  const wording = describeKind(outcome, { pins, claimed, say, locale });
  const { against } = pins;
  if (!against) return wording;
  return { ...wording, leads: [...wording.leads, describeStrife(against, { say, locale })] };
}

/** A link that brings other roots than those held so far may be an attack, or word of a change. */
function describeStrife(against: Pins, { say, locale }: { readonly say: Say; readonly locale: Locale }): string {
  const day = (at: number) => formatDay(at, locale);
  return say('linkDiffers', { whose: describeWhose(against, { say, day }) });
}

function describeKind(outcome: Outcome, { pins, claimed, say, locale }: OutcomeContext): Wording {
  const claim = claimed && outcome.kind !== 'released' ? [describeClaim(claimed, say)] : [];
  switch (outcome.kind) {
    case 'released':
      return describeReleased(outcome, { pins, say, locale });
    case 'other': {
      const leads = outcome.namesake
        ? [say('namesake')]
        : [say('otherLead', { versions: outcome.versions.join(', ') })];
      // What was taken back is no matter of doubt.
      const isBad = outcome.namesake !== undefined || isTakenBack(claimed);
      return {
        kind: isBad ? 'no' : 'maybe',
        title: say('other'),
        leads: [...leads, ...claim],
        proven: [],
        unproven: [],
      };
    }
    case 'empty':
      return { kind: 'maybe', title: say('empty'), leads: [say('emptyLead'), ...claim], proven: [], unproven: [] };
    case 'forgetful': {
      const leads = [say('forgetfulLead'), say('forgetHint'), say('reason', { message: outcome.message })];
      return { kind: 'maybe', title: say('forgetful'), leads, proven: [], unproven: [] };
    }
    case 'refused': {
      const leads = [describeCode(outcome.code, say), say('refusedLead'), say('reason', { message: outcome.message })];
      return { kind: 'no', title: say('refused'), leads: [...leads, ...claim], proven: [], unproven: [] };
    }
  }
}

type Released = Outcome & { readonly kind: 'released' };

function describeReleased(
  outcome: Released,
  { pins, say, locale }: { readonly pins: Pins; readonly say: Say; readonly locale: Locale },
): Wording {
  const { manifest, artifact, trust } = outcome;
  const day = (at: number) => formatDay(at, locale);
  const isNamed = pins.by !== 'server' && pins.by !== 'seen';
  return {
    kind: isNamed && !pins.against ? 'yes' : 'maybe',
    title: say('released', { name: artifact.name, version: manifest.version }),
    leads: [say(isNamed ? 'releasedLead' : 'releasedUnpinned')],
    proven: [
      describeRoots(trust, pins, { say, day }),
      describeSigners(outcome, say),
      describeManifest(outcome, { say, day }),
      ...describeRest(outcome, say),
    ],
    unproven: [
      say('pageDoubt'),
      ...describeDoubt(pins, say),
      ...(outcome.before === undefined ? [say('counterDoubt')] : []),
      say(outcome.logged ? 'logDoubt' : 'equivocationDoubt'),
      `${say('harmDoubt')} ${describeScan(outcome, { say, day })}`,
    ],
  };
}

/** What is known: as many as must sign have signed the list, or the first change of roots on the way to it. Which of them did is not. */
function describeRoots(
  trust: VerifiedTrustList,
  pins: Pins,
  { say, day }: { readonly say: Say; readonly day: (at: number) => string },
): string {
  const { keys, threshold } = trust.rootsInForce;
  const inForce = { ids: keys.map(({ keyId }) => keyId), threshold };
  const whose = describeWhose(pins, { say, day });
  const number = pins.ids.length === 1 ? 'root' : 'roots';
  const facts = { version: trust.version, until: day(trust.expiresAt), needed: pins.threshold, whose };
  return say(`${number}${isSameRoots(inForce, pins) ? 'Signed' : 'Followed'}`, facts);
}

function describeWhose(
  { by, ids, since }: Pins,
  { say, day }: { readonly say: Say; readonly day: (at: number) => string },
): string {
  const at = since === undefined ? '' : day(Date.parse(since));
  return say(`whose_${by}`, { count: ids.length, ids: ids.map(shorten).join(', '), since: at });
}

function describeDoubt({ by }: Pins, say: Say): readonly string[] {
  if (by === 'visitor' || by === 'kept') return [];
  if (by === 'link' || by === 'linked') return [say('linkDoubt')];
  return [say(by === 'seen' ? 'seenDoubt' : 'rootsDoubt')];
}

function describeSigners({ manifest, trust }: Released, say: Say): string {
  const signers = trust.validKeys.filter(({ key }) => manifest.signers.includes(key.keyId));
  const maintainers = signers.filter(({ custody }) => custody === 'maintainer');
  if (maintainers.length > 0) return say('keyMaintainers', { count: maintainers.length });
  return say('keyServer', { label: signers[0]?.label ?? '' });
}

function describeManifest(
  { manifest }: Released,
  { say, day }: { readonly say: Say; readonly day: (at: number) => string },
): string {
  const { version, channel, counter, signedAt, expiresAt } = manifest;
  const facts = { version, channel, counter, signed: day(signedAt) };
  return expiresAt === undefined
    ? say('manifestUnbounded', facts)
    : say('manifest', { ...facts, until: day(expiresAt) });
}

function describeRest({ manifest, before, logged }: Released, say: Say): readonly string[] {
  return [
    ...(before === undefined ? [] : [say('counterSeen', { before })]),
    ...(logged ? [say('logged', { index: logged.index, origin: logged.checkpoint.origin })] : []),
    say('bytes'),
    ...(manifest.evidence?.verdict?.result === 'passed' ? [say('policyMet')] : []),
  ];
}

function describeScan(
  { manifest: { scan } }: Released,
  { say, day }: { readonly say: Say; readonly day: (at: number) => string },
): string {
  if (scan?.status !== 'clean' || scan.scannedAt === undefined) return say('scanNone');
  return say('scanClean', { engine: [scan.engine, scan.engineVersion].join(' ').trim(), day: day(scan.scannedAt) });
}

function isTakenBack(claimed: ClaimedFile | undefined): boolean {
  return claimed !== undefined && claimed.state !== 'active' && claimed.state !== 'superseded';
}

function describeClaim({ name, version, state }: ClaimedFile, say: Say): string {
  if (state === 'active') return say('claimedActive', { name, version });
  return say(state === 'superseded' ? 'claimedSuperseded' : 'claimedWithdrawn', { name, version });
}

function describeCode(code: TrustErrorCode, say: Say): string {
  const key = `code_${code}`;
  return say(key in english ? (key as keyof typeof english) : 'code_other');
}

function shorten(id: string): string {
  return `${id.slice(0, 16)}…`;
}
