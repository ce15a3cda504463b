/** What tools for images ask, in one form: which images, who signs, and what else must be there. */
import type { PolicyRule, PolicyRuleText, PolicySigner } from '../policies/document.ts';
import { mayOverlap } from '../policies/glob.ts';
import type { AttachedFiles, ShownKey } from './public-keys.ts';
import { looser, type Remark, stricter } from './remark.ts';

/** A file of another tool. */
interface ForeignFile {
  readonly name: string;
  readonly text: string;
}

/** What is written. */
export interface Exported {
  readonly files: readonly ForeignFile[];
  readonly remarks: readonly Remark[];
}

/** What was read. */
export interface Imported {
  readonly rules: readonly PolicyRuleText[];
  readonly remarks: readonly Remark[];
}

/** A format: both directions, as pure functions. `parse` throws `invalid`, rule `watch-format`, for what is no file of the tool. */
export interface Format {
  parse(text: string, attached: AttachedFiles): Imported;
  write(rules: readonly PolicyRule[], keys: ReadonlyMap<string, ShownKey>): Exported;
}

/** See the file. */
export interface ImagePolicy {
  readonly name: string;
  /** Keys and patterns: `oci:…`. */
  readonly sources: readonly string[];
  readonly mode: 'observe' | 'warn' | 'enforce';
  readonly signers: readonly PolicySigner[];
  readonly transparency: boolean;
  readonly provenance: boolean;
  readonly sbom: boolean;
  /** An image must be named by its digest. */
  readonly digest?: boolean;
}

/** The rules that policies stand for. Two of them that mean the same image hold both elsewhere; here the first one decides. */
export function toRules(policies: readonly ImagePolicy[], remarks: readonly Remark[]): Imported {
  const more: Remark[] = [];
  const rules = policies.flatMap((policy, index) => {
    const { name, signers, mode, transparency, provenance, sbom, digest = false } = policy;
    const sources = [...new Set(policy.sources)];
    const before = policies.slice(0, index).find((other) => overlaps(other.sources, sources));
    if (before)
      more.push(
        looser(name, `where ${before.name} holds too, both must be met there, and here that one alone decides`),
      );
    if (signers.length === 0) more.push(looser(name, 'no signer that it asks for can be asked for here'));
    const require = {
      ...(signers.length > 0 && { signers: uniqueOf(signers) }),
      ...(transparency && { transparency: true as const }),
      ...(provenance && { slsa_level: 1 }),
      ...(sbom && { sbom: true as const }),
      ...(digest && { digest: 'deny' as const }),
    };
    return sources.map((source) => {
      return { name: sources.length === 1 ? name : `${name} (${source})`, match: { source }, mode, require };
    });
  });
  return { rules, remarks: [...remarks, ...more] };
}

function overlaps(left: readonly string[], right: readonly string[]): boolean {
  return left.some((one) => right.some((other) => mayOverlap(one, other)));
}

function uniqueOf(signers: readonly PolicySigner[]): PolicySigner[] {
  return [...new Map(signers.map((signer) => [JSON.stringify(signer), signer])).values()];
}

/** A rule that is about images and asks for signers. */
export interface ImageRule {
  readonly rule: PolicyRule;
  /** Without its ecosystem. */
  readonly pattern: string;
  readonly signers: readonly PolicySigner[];
}

/** The rules that a tool for images can be told of, and what of them it cannot. */
export function selectImageRules(
  rules: readonly PolicyRule[],
  { areAllMet = true, saysDigest = false }: { readonly areAllMet?: boolean; readonly saysDigest?: boolean } = {},
): { readonly rules: readonly ImageRule[]; readonly remarks: readonly Remark[] } {
  const found = rules.flatMap((rule) => {
    const pattern = imagesOf(rule);
    return pattern === undefined ? [] : [{ rule, pattern, signers: rule.require.signers ?? [] }];
  });
  const [others, unsigned] = [rules.length - found.length, found.filter(({ signers }) => signers.length === 0)];
  const kept = found.filter(({ signers }) => signers.length > 0);
  return {
    rules: kept,
    remarks: [
      ...(others > 0 ? [looser('rules', `${others} of them are not about images, and left out`)] : []),
      ...unsigned.map(({ rule }) => looser(rule.name, 'it names no signers, and is left out')),
      ...(areAllMet ? found.flatMap((one, index) => describeOrder(one, found.slice(0, index))) : []),
      ...kept.flatMap(({ rule }) => describeUnsaid(rule, saysDigest)),
    ],
  };
}

function imagesOf({ match: { ecosystem, source } }: PolicyRule): string | undefined {
  if (ecosystem !== undefined && ecosystem !== 'oci') return undefined;
  const [, kind, pattern = ''] = /^(oci|\*):(.*)$/s.exec(source ?? 'oci:**') ?? [];
  return kind === undefined ? undefined : pattern;
}

function describeOrder({ rule, pattern }: ImageRule, before: readonly ImageRule[]): readonly Remark[] {
  const first = before.find((one) => mayOverlap(one.pattern, pattern));
  if (!first) return [];
  return [
    stricter(rule.name, `where ${first.rule.name} holds too, that one alone decides here, and there both must be met`),
  ];
}

/** What no tool for images knows. */
function describeUnsaid(rule: PolicyRule, saysDigest: boolean): readonly Remark[] {
  const { name, match, mode, on_unknown, hold_hours, lines, continuity, findings, require: wanted } = rule;
  const unsaid = [
    on_unknown !== 'hold-last' && 'on_unknown',
    hold_hours !== 168 && 'hold_hours',
    lines.join() !== 'major,release' && 'lines',
    !continuity && 'continuity',
    Object.keys(findings).length > 0 && 'findings',
    rule.two_people && 'two_people',
    wanted.age_hours !== undefined && 'age_hours',
    wanted.sbom === true && 'sbom',
    wanted.digest !== undefined && !(saysDigest && wanted.digest === 'deny') && 'digest',
    wanted.builders !== undefined && 'builders',
    (wanted.slsa_level ?? 0) > 1 && 'slsa_level',
  ].filter((member) => member !== false);
  return [
    ...(unsaid.length > 0 ? [looser(name, `it cannot be told of ${unsaid.join(', ')}`)] : []),
    ...(asksProvenance(rule) ? [stricter(name, 'the provenance must be SLSA v1 and by the same signer')] : []),
    ...(match.environment === undefined
      ? []
      : [stricter(name, `it holds in every environment, not in ${match.environment} alone`)]),
    ...(mode === 'observe' ? [stricter(name, 'it warns, where the rule observes')] : []),
  ];
}

/** Whether a rule asks for provenance of any kind. */
export function asksProvenance({ require: { builders, slsa_level } }: PolicyRule): boolean {
  return builders !== undefined || slsa_level !== undefined;
}

/** What is written where provenance is asked for. */
export const provenanceType = 'https://slsa.dev/provenance/v1';

const provenanceTypes: ReadonlySet<string> = new Set([
  ...['slsaprovenance', 'slsaprovenance02', 'slsaprovenance1'],
  ...['https://slsa.dev/provenance/v0.2', provenanceType],
]);
const sbomTypes: ReadonlySet<string> = new Set([
  ...['spdx', 'spdxjson', 'cyclonedx', 'https://spdx.dev/Document', 'https://cyclonedx.org/bom'],
]);

/** What an attestation that must be there asks for, and what of that is not carried over. */
export function readAttestation(
  type: string,
  { clause, isChecked }: { readonly clause: string; readonly isChecked: boolean },
): { readonly asks: 'provenance' | 'sbom' | undefined; readonly remarks: readonly Remark[] } {
  const content = isChecked
    ? [looser(`${clause} policy`, 'what must stand in the attestation cannot be asked for here')]
    : [];
  if (provenanceTypes.has(type)) {
    return {
      asks: 'provenance',
      remarks: [looser(clause, 'here provenance by any verified signer will do'), ...content],
    };
  }
  if (sbomTypes.has(type))
    return { asks: 'sbom', remarks: [looser(clause, 'here an SBOM by anybody will do'), ...content] };
  return { asks: undefined, remarks: [looser(clause, `nothing here asks for attestations of ${type}`), ...content] };
}

/** A name as Kubernetes takes it (RFC 1123, a label). */
export function toLabel(name: string, index: number): string {
  const label = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, '');
  return `signpost-${index + 1}${label === '' ? '' : `-${label}`}`;
}

/** Where an exported file keeps the name of the rule. */
export const ruleAnnotation = 'signpost/rule';
