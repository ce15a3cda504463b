/** What the watch makes of incidents, as the tables of docs/watch.md. */
import { classify, type Finding } from '../../../src/watch/drift/classify.ts';
import type { DriftKind } from '../../../src/watch/drift/kinds.ts';
import { isAtLeast } from '../../../src/watch/findings/severity.ts';
import { benignCases } from './benign-cases.ts';
import { type Incident, incidents, type Verdict } from './incidents.ts';
import { sightingOf } from './scene.ts';

/** How fast something is released says nothing of who did it. */
const pace: ReadonlySet<DriftKind> = new Set(['release.burst', 'release.cooldown']);

/** What the findings of each sighting amount to. */
export function judgeIncident(findings: readonly (readonly Finding[])[]): Verdict {
  if (findings.every((found) => found.some(({ gate }) => gate === 'deny'))) return 'caught';
  return findings.some((found) => found.some(({ kind }) => !pace.has(kind))) ? 'partly' : 'blind';
}

/** The findings of each sighting of an incident. */
export function classifyIncident({ sightings }: Pick<Incident, 'sightings'>): readonly (readonly Finding[])[] {
  return sightings.map((sighting) => classify(sightingOf(sighting)));
}

/** The block of docs/watch.md, in Markdown. */
export function describeIncidents(): string {
  const hostile = incidents.map((incident) => ({ ...incident, found: classifyIncident(incident) }));
  const benign = benignCases.map((one) => ({ ...one, found: classifyIncident({ sightings: [one.sighting] }) }));
  const count = (verdict: Verdict) => hostile.filter(({ found }) => judgeIncident(found) === verdict).length;
  return [
    '| attack | what happened | findings | verdict |',
    '|---|---|---|---|',
    ...hostile.map(({ name, what, found }) => `| ${name} | ${what} | ${nameKinds(found)} | ${judgeIncident(found)} |`),
    '',
    `Of ${hostile.length} attacks ${count('caught')} are caught, ${count('partly')} partly, ${count('blind')} not at all.`,
    '',
    '| no attack | findings | worst |',
    '|---|---|---|',
    ...benign.map(({ name, found }) => `| ${name} | ${nameKinds(found)} | ${found.flat()[0]?.severity ?? 'none'} |`),
    '',
    '| who counts a finding | attacks noticed | harmless changes told | precision | recall |',
    '|---|---|---|---|---|',
    ...measures.map(([name, counts]) => {
      const [hits, alarms] = [hostile, benign].map(
        (list) => list.filter(({ found }) => found.flat().some(counts)).length,
      ) as [number, number];
      return `| ${name} | ${hits} of ${hostile.length} | ${alarms} of ${benign.length} | ${percent(hits, hits + alarms)} | ${percent(hits, hostile.length)} |`;
    }),
  ].join('\n');
}

const measures: readonly (readonly [string, (finding: Finding) => boolean])[] = [
  ['a gate that denies', ({ gate }) => gate === 'deny'],
  ['whoever reads *high* and worse', ({ severity }) => isAtLeast(severity, 'high')],
  ['whoever reads *medium* and worse', ({ severity }) => isAtLeast(severity, 'medium')],
];

function nameKinds(found: readonly (readonly Finding[])[]): string {
  const lists = found.map((findings) => findings.map(({ kind }) => `\`${kind}\``).join(', ') || 'none');
  return [...new Set(lists)].join('; then ');
}

function percent(part: number, whole: number): string {
  return `${Math.round((100 * part) / whole)} %`;
}
