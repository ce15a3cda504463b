/** What is usual of a line: what its last artifacts have in common. */
import type { Habit, Revision } from '../baseline/revision.ts';
import { listClaims } from '../drift/claims.ts';
import type { FactSet, ProvenanceFact, PublisherFact, SignatureFact, SignatureKind } from '../facts/fact-set.ts';
import { compareTexts } from '../facts/plain-text.ts';
import type { KnownSample } from './sample.ts';

/** What a revision says of habits. */
type Habits = Pick<
  Revision,
  | 'signed'
  | 'kinds'
  | 'formats'
  | 'claimed'
  | 'transparency'
  | 'provenance'
  | 'publisher'
  | 'trustThreshold'
  | 'sbom'
  | 'announced'
>;

/** The habits of these artifacts. */
export function deriveHabits(samples: readonly KnownSample[]): Habits {
  const facts = samples.map((sample) => sample.facts);
  const publisher = derivePublisher(facts);
  const thresholds = facts.flatMap(({ trust }) => trust?.threshold ?? []);
  return {
    ...deriveSigning(samples),
    ...deriveClaims(facts),
    provenance: deriveProvenance(facts),
    ...(publisher && { publisher }),
    ...(thresholds.length > 0 && { trustThreshold: Math.min(...thresholds) }),
    sbom: habitOf(facts.flatMap(({ sbom }) => (sbom === 'unknown' ? [] : [sbom !== 'absent']))),
    announced: habitOf(facts.flatMap(({ announced }) => (typeof announced === 'boolean' ? [announced] : []))),
  };
}

/** In a thousand: one slip in ten does not make a rule. */
const alwaysShare = 900;

function habitOf(shown: readonly boolean[]): Habit {
  const count = shown.filter(Boolean).length;
  if (count === 0) return 'never';
  return 1000 * count >= alwaysShare * shown.length ? 'always' : 'sometimes';
}

const kindOrder: readonly SignatureKind[] = ['keyless', 'x509', 'tuf', 'key', 'gpg', 'ssh', 'minisign'];
const transparencies = ['none', 'promised', 'included'] as const;

function deriveSigning(samples: readonly KnownSample[]): Pick<Habits, 'signed' | 'kinds' | 'formats' | 'transparency'> {
  const signed = samples.filter(({ verified }) => verified.length > 0).map(({ verified }) => verified);
  // Of each artifact the strongest counts: a second, weaker signature must not lower what is expected.
  const strongest = signed.flatMap((list) => kindOrder.find((kind) => list.some((one) => one.kind === kind)) ?? []);
  const records = signed.map((list) =>
    Math.max(...list.map(({ transparency }) => transparencies.indexOf(transparency))),
  );
  return {
    signed: habitOf(samples.map(({ verified }) => verified.length > 0)),
    kinds: uniqueOf(strongest),
    formats: uniqueOf(signed.flat().map(({ format }: SignatureFact) => format)),
    transparency: transparencies[Math.min(...records)] ?? 'none',
  };
}

/** Facts from before there were claims have none, and teach nothing of them. */
function deriveClaims(facts: readonly FactSet[]): Pick<Habits, 'claimed'> {
  const claims = facts.map(({ signatures }) => (signatures === 'unknown' ? [] : listClaims(signatures)));
  const issuers = uniqueOf(claims.flat());
  if (issuers.length === 0) return {};
  return { claimed: { present: habitOf(claims.map(({ length }) => length > 0)), issuers } };
}

function deriveProvenance(facts: readonly FactSet[]): Revision['provenance'] {
  const known = facts.flatMap(({ provenance }) => (provenance === 'unknown' ? [] : [selectProven(provenance)]));
  const shown = known.filter((list) => list.length > 0);
  const all = shown.flat();
  return {
    present: habitOf(known.map((list) => list.length > 0)),
    repositories: uniqueOf(all.flatMap(({ repository }) => repository ?? [])),
    owners: uniqueOf(all.flatMap(({ owner }) => owner ?? [])),
    builders: uniqueOf(all.map(({ builder }) => builder)),
    level: shown.length === 0 ? 0 : Math.min(...shown.map((list) => Math.max(...list.map(({ level }) => level)))),
  };
}

/** Statements that count: verified, and about these bytes. */
export function selectProven(provenance: readonly ProvenanceFact[]): readonly ProvenanceFact[] {
  return provenance.filter(({ outcome, isAboutSubject }) => outcome === 'verified' && isAboutSubject);
}

const channels = ['none', 'token', 'trusted-publisher', 'staged'] as const;

function derivePublisher(facts: readonly FactSet[]): Revision['publisher'] {
  const known = facts.flatMap(({ publisher }) =>
    publisher === undefined || publisher === 'unknown' ? [] : [publisher],
  );
  if (known.length === 0) return undefined;
  return {
    channel: channels.find((channel) => known.some((one) => one.channel === channel)) ?? 'unknown',
    accounts: uniqueOf(known.flatMap(({ account }) => account ?? [])),
    registrySigned: habitOf(known.flatMap(readRegistrySignature)),
  };
}

function readRegistrySignature({ registrySignature }: PublisherFact): readonly boolean[] {
  return registrySignature === 'unknown' ? [] : [registrySignature === 'verified'];
}

/** Each once, in one order, so that equal habits have equal texts. */
export function uniqueOf<Text extends string>(texts: readonly Text[]): readonly Text[] {
  return [...new Set(texts)].sort(compareTexts);
}
