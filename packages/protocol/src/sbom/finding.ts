/** What is wrong with an SBOM, or missing in it. */

/** The rules, in the order in which they are looked at. */
export const sbomRules = [
  /** Two things of the same name. */
  'reference_duplicate',
  /** A name that nothing in the document has. */
  'reference_dangling',
  /** The document does not say what it is about. */
  'described_missing',
  /** A package URL that is none. */
  'purl_invalid',
  /** A package URL of another name or version than its component's. */
  'purl_disagrees',
  /** What the document is about has no digest that could be compared. */
  'digest_absent',
  /** What the document is about has another digest than the artifact. */
  'digest_mismatch',
  /** The time of making is no time. */
  'date_invalid',
  /** It was made after now. */
  'date_future',
  /** NTIA minimum elements: who made the document. */
  'ntia_author',
  /** NTIA minimum elements: when. */
  'ntia_timestamp',
  /** NTIA minimum elements: who supplies a component. */
  'ntia_supplier',
  /** NTIA minimum elements: the version of a component. */
  'ntia_version',
  /** NTIA minimum elements: a package URL or CPE of a component. */
  'ntia_identifier',
  /** NTIA minimum elements: what the described component consists of or depends on, or that it does on nothing. */
  'ntia_relationships',
] as const;

/** Which rule was broken, stable across versions. */
export type SbomRule = (typeof sbomRules)[number];

/** Everything that breaks one rule. */
export interface SbomFinding {
  readonly rule: SbomRule;
  /** An `error` makes the document unfit as evidence; a `warning` says what it leaves out. */
  readonly severity: 'error' | 'warning';
  /** How often. */
  readonly count: number;
  /** The first few, in words. */
  readonly examples: readonly string[];
}

/** Examples of one finding. */
const maxExamples = 5;

/** The finding of a rule; none when nothing breaks it. */
export function createFinding(
  rule: SbomRule,
  severity: SbomFinding['severity'],
  cases: readonly string[],
): readonly SbomFinding[] {
  if (cases.length === 0) return [];
  const examples = cases.slice(0, maxExamples).map((text) => text.slice(0, 300));
  return [{ rule, severity, count: cases.length, examples }];
}
