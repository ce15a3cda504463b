/** Verdicts of policies as people read them. */
import { cellOf, type JsonObject, objectsOf, textOf } from '../../http/answer.ts';

const marks: Readonly<Record<string, string>> = { met: 'ok', unmet: 'NO', unknown: '??', waived: 'waived' };

/** One line for each finding, and one for the whole. */
export function formatVerdict(verdict: JsonObject): readonly string[] {
  return [...objectsOf(verdict, 'findings').flatMap(formatFinding), summarise(verdict)];
}

function formatFinding(finding: JsonObject): readonly string[] {
  const outcome = textOf(finding, 'outcome');
  const about = finding.artifact === undefined ? '' : ` of ${cellOf(finding, 'artifact')}`;
  const first = `${(marks[outcome] ?? outcome).padEnd(6)}  ${cellOf(finding, 'rule')}${about}: ${cellOf(finding, 'found')}`;
  if (outcome === 'met') return [first];
  const hint = finding.hint === undefined ? [] : [`        hint: ${cellOf(finding, 'hint')}`];
  return [first, `        expected ${cellOf(finding, 'expected')}`, ...hint];
}

function summarise(verdict: JsonObject): string {
  const texts: Readonly<Record<string, string>> = {
    passed: 'The policy lets the release through.',
    waived: 'The policy is not met; an override lets the release through.',
    denied: 'The policy denies the release.',
  };
  const observing = verdict.mode === 'observe' ? ' It only observes: nothing is stopped.' : '';
  return `${texts[textOf(verdict, 'result')] ?? textOf(verdict, 'result')}${observing}`;
}
