/** pnpm's settings of trust in `pnpm-workspace.yaml` (pnpm.io/settings): `trustPolicy`, `minimumReleaseAge` and their exceptions. */

import { z } from 'zod';
import { loadYaml } from '../../packages-by-need.ts';
import { type DriftKind, driftRules } from '../drift/kinds.ts';
import type { PolicyRule, PolicyRuleText } from '../policies/document.ts';
import { isGlob, matchesGlob, mayOverlap } from '../policies/glob.ts';
import { parseOneDocument, parseShape } from './foreign-text.ts';
import type { Exported, Format, Imported } from './image-policy.ts';
import { looser, type Remark, stricter } from './remark.ts';

/** What `no-downgrade` is about. */
const downgrades: readonly DriftKind[] = ['provenance.lost', 'publisher.channel_downgrade'];

const names = z.array(z.string().min(1).max(512)).max(450).optional();
const minutes = z.int().min(0).max(525_600).optional();
const settingsSchema = z.looseObject({
  ...{
    trustPolicy: z.enum(['no-downgrade', 'off']).optional(),
    trustPolicyExclude: names,
    trustPolicyIgnoreAfter: minutes,
  },
  ...{ minimumReleaseAge: minutes, minimumReleaseAgeExclude: names, minimumReleaseAgeStrict: z.boolean().optional() },
  minimumReleaseAgeIgnoreMissingTime: z.boolean().optional(),
});

type Settings = z.infer<typeof settingsSchema>;
/** The other settings of a workspace are no question of trust; of these every one is. */
const known: ReadonlySet<string> = new Set([
  ...['trustPolicy', 'trustPolicyExclude', 'trustPolicyIgnoreAfter', 'trustPolicyExcludePrune'],
  ...['minimumReleaseAge', 'minimumReleaseAgeExclude', 'minimumReleaseAgeStrict', 'minimumReleaseAgeIgnoreMissingTime'],
  'minimumReleaseAgeExcludePrune',
]);

/** The format. */
export const pnpm: Format = {
  parse: (text) => readSettings(parseShape(settingsSchema, parseOneDocument(text), 'the workspace')),
  write: (rules) => writeSettings(rules),
};

const all = 'npm:**';

function readSettings(settings: Settings): Imported {
  const { trustPolicy, trustPolicyExclude = [], minimumReleaseAge = 0, minimumReleaseAgeExclude = [] } = settings;
  const isKept = trustPolicy === 'no-downgrade';
  const hours = Math.ceil(minimumReleaseAge / 60);
  const [trusted, young] = [
    readNames(trustPolicyExclude, 'trustPolicyExclude'),
    readNames(minimumReleaseAgeExclude, 'minimumReleaseAgeExclude'),
  ];
  const named = [...new Set([...(isKept ? trusted.sources : []), ...(hours > 0 ? young.sources : [])])];
  // A package of its own before the patterns that mean it, too.
  const exceptions = named.toSorted((left, right) => Number(left.includes('*')) - Number(right.includes('*')));
  const rules = [...exceptions, all].map((source): PolicyRuleText => {
    const isTrusted = isMeant(trusted.sources, source);
    const isYoung = isMeant(young.sources, source);
    return {
      ...{ name: source === all ? 'pnpm' : `pnpm, but ${source}`, match: { source }, mode: 'enforce' },
      findings: isKept ? Object.fromEntries(downgrades.map((kind) => [kind, isTrusted ? 'allow' : 'deny'])) : {},
      require: hours > 0 && !isYoung ? { age_hours: hours } : {},
    };
  });
  return { rules, remarks: [...trusted.remarks, ...young.remarks, ...describeSettings(settings)] };
}

function isMeant(patterns: readonly string[], source: string): boolean {
  return patterns.some((pattern) => pattern === source || matchesGlob(pattern, source));
}

function describeSettings(settings: Settings): readonly Remark[] {
  const { trustPolicy, trustPolicyExclude, trustPolicyIgnoreAfter, minimumReleaseAge = 0 } = settings;
  const strange = Object.keys(settings).filter(
    (name) => /^(?:trustPolicy|minimumReleaseAge)/.test(name) && !known.has(name),
  );
  return [
    ...(trustPolicy === 'no-downgrade' && trustPolicyExclude?.length
      ? [looser('trustPolicyExclude', 'what gates deny now would be let through for these packages')]
      : []),
    ...(trustPolicy === 'off' ? [stricter('trustPolicy', 'gates go on to deny what the table of drift says')] : []),
    ...(trustPolicyIgnoreAfter === undefined
      ? []
      : [stricter('trustPolicyIgnoreAfter', 'old releases are judged here as new ones are')]),
    ...(minimumReleaseAge % 60 === 0
      ? []
      : [stricter('minimumReleaseAge', `here it is whole hours: ${Math.ceil(minimumReleaseAge / 60)}`)]),
    ...(settings.minimumReleaseAgeStrict === false
      ? [stricter('minimumReleaseAgeStrict', 'here what is too young is denied')]
      : []),
    ...(settings.minimumReleaseAgeIgnoreMissingTime
      ? [stricter('minimumReleaseAgeIgnoreMissingTime', 'here it counts from when it was first seen')]
      : []),
    ...strange.map((name) => looser(name, 'nobody here knows the setting')),
  ];
}

/** Packages by name or pattern. A version of one cannot be let go alone, and is judged like the others. */
function readNames(
  list: readonly string[],
  clause: string,
): { readonly sources: readonly string[]; readonly remarks: readonly Remark[] } {
  const read = list.map((text, index) => {
    const where = `${clause}[${index}]`;
    const [, name = text, version] = /^(@?[^@]+)@(.+)$/s.exec(text) ?? [];
    const source = `npm:${name === '*' ? '**' : name}`;
    if (version !== undefined)
      return { remarks: [stricter(where, `here no single version is an exception: ${text} is judged`)] };
    if (name.startsWith('!') || !isGlob(source))
      return { remarks: [stricter(where, `nothing here means ${text}: it is no exception`)] };
    return { source, remarks: [] };
  });
  return { sources: read.flatMap(({ source }) => source ?? []), remarks: read.flatMap(({ remarks }) => remarks) };
}

function writeSettings(rules: readonly PolicyRule[]): Exported {
  const about = rules.filter(isAboutPackages);
  const last = about.findIndex((rule) => sourceOf(rule) === all);
  const general = last < 0 ? undefined : about[last];
  const special = last < 0 ? about : about.slice(0, last);
  const hours = general?.require.age_hours;
  const isKept = general === undefined || keepsTrust(general);
  const trustPolicyExclude = isKept ? special.filter((rule) => !keepsTrust(rule)).map(nameOf) : [];
  const minimumReleaseAgeExclude =
    hours === undefined ? [] : special.filter((rule) => ageOf(rule) === undefined).map(nameOf);
  const settings = {
    trustPolicy: isKept ? 'no-downgrade' : 'off',
    ...(trustPolicyExclude.length > 0 && { trustPolicyExclude }),
    ...(hours !== undefined && { minimumReleaseAge: hours * 60 }),
    ...(minimumReleaseAgeExclude.length > 0 && { minimumReleaseAgeExclude }),
  };
  const remarks = [
    ...[...special, ...(general ? [general] : [])].flatMap((rule) => describeUnsaid(rule)),
    ...special.flatMap((rule, index) => [...describeAge(rule, hours), ...describeOrder(rule, special.slice(0, index))]),
    ...(rules.length > about.length
      ? [looser('rules', `${rules.length - about.length} of them are not about packages, and left out`)]
      : []),
  ];
  return { files: [{ name: 'pnpm-workspace.yaml', text: loadYaml().stringify(settings, { lineWidth: 0 }) }], remarks };
}

function isAboutPackages({ match: { ecosystem, source = '*:**' } }: PolicyRule): boolean {
  return (ecosystem === undefined || ecosystem === 'npm') && /^(?:npm|\*):/.test(source);
}

function sourceOf({ match: { source = all } }: PolicyRule): string {
  return source.replace(/^\*:/, 'npm:');
}

function nameOf(rule: PolicyRule): string {
  const name = sourceOf(rule).slice('npm:'.length);
  return name === '**' ? '*' : name;
}

function keepsTrust({ mode, findings }: PolicyRule): boolean {
  return mode === 'enforce' && downgrades.every((kind) => (findings[kind] ?? driftRules[kind].gate) === 'deny');
}

function ageOf({ mode, require: { age_hours } }: PolicyRule): number | undefined {
  return mode === 'enforce' ? age_hours : undefined;
}

function describeAge(rule: PolicyRule, hours: number | undefined): readonly Remark[] {
  const own = ageOf(rule);
  if (own === undefined || own === hours) return [];
  const effect = hours !== undefined && hours > own ? stricter : looser;
  return [effect(rule.name, `pnpm has one age for all packages, and not ${own} h for these`)];
}

function describeOrder(rule: PolicyRule, before: readonly PolicyRule[]): readonly Remark[] {
  const first = before.find((one) => mayOverlap(sourceOf(one), sourceOf(rule)));
  return first
    ? [looser(rule.name, `where ${first.name} holds too, that one alone decides here, and there both are exceptions`)]
    : [];
}

/** Who signs is no question of pnpm's. */
function describeUnsaid(rule: PolicyRule): readonly Remark[] {
  const { name, match, findings, require: wanted } = rule;
  const unsaid = [
    ...Object.keys(wanted).filter((member) => member !== 'age_hours'),
    ...Object.keys(findings).filter((kind) => !downgrades.includes(kind as DriftKind)),
    ...(match.environment === undefined ? [] : ['environment']),
  ];
  return unsaid.length === 0 ? [] : [looser(name, `pnpm cannot be told of ${unsaid.join(', ')}`)];
}
