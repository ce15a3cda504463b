/** The words of mails: plain text, the subject our own, and words of strangers on one line each. */
import { writePlainLine } from '../../mail/plain-line.ts';
import { severities } from '../../watch/drift/kinds.ts';
import { titleOf } from '../../watch/drift/titles.ts';
import type { SubscriptionRow } from '../subscriptions/store.ts';
import type { FindingChange } from './store.ts';

/** Subject and text. */
export interface Words {
  readonly subject: string;
  readonly text: string;
}

/** Where a mail comes from. */
export interface Sender {
  readonly subscription: SubscriptionRow;
  /** The slug of the organisation. */
  readonly organisation: string;
  readonly baseUrl: string | undefined;
}

/** So many are described; the rest is counted. */
const maxDescribed = 100;

/** Asks whether the address wants to be told. */
export function composeQuestion(sender: Sender, code: string): Words {
  const { subscription, organisation, baseUrl } = sender;
  const server = baseUrl === undefined ? 'a Signpost server' : `the Signpost server ${baseUrl}`;
  const option = baseUrl === undefined ? '' : ` --server ${baseUrl}`;
  return {
    subject: '[Signpost] Do you want to be told of findings?',
    text: lines([
      `A manager of the organisation ${organisation} on ${server} asks that this address be told of findings of the`,
      `watch: ${describeWish(subscription)}.`,
      '',
      'If you want that, confirm it within 24 hours:',
      '',
      `  signpost watch notify confirm ${code}${option}`,
      '',
      'or hand the code to the manager, who can do the same. It proves that you read what comes here.',
      'If you do not, do nothing: nothing else comes.',
    ]),
  };
}

/** Shows that mail arrives. */
export function composeTrial(sender: Sender): Words {
  return { subject: '[Signpost] A trial', text: lines(['Mail of the watch arrives here.', ...describeEnd(sender)]) };
}

/** Tells of findings, the worst first and each once, whatever happened to it since the last mail. */
export function composeFindings(sender: Sender, changes: readonly FindingChange[]): Words {
  const findings = [...Map.groupBy(changes, ({ finding }) => finding).values()];
  const rank = (of: readonly FindingChange[]) => severities.indexOf(of[0]?.severity ?? 'note');
  const sorted = findings.toSorted((left, right) => rank(right) - rank(left));
  const worst = sorted[0]?.[0]?.severity ?? 'note';
  const counted = sorted.length === 1 ? `one ${worst} finding` : `${sorted.length} findings, the worst ${worst}`;
  const title = sender.subscription.pace === 'daily' ? 'Of the last day' : 'The watch tells';
  const rest = sorted.length - maxDescribed;
  return {
    subject: `[Signpost] ${title}: ${counted}`,
    text: lines([
      `${title}: ${counted}, in the organisation ${sender.organisation}.`,
      ...sorted.slice(0, maxDescribed).flatMap((of) => ['', ...describeFinding(sender, of)]),
      ...(rest > 0 ? ['', `And ${rest} more: signpost watch findings`] : []),
      ...describeEnd(sender),
    ]),
  };
}

function describeFinding({ baseUrl, organisation }: Sender, changes: readonly FindingChange[]): string[] {
  const last = changes.at(-1);
  if (!last) return [];
  const { sentence } = JSON.parse(last.document) as { readonly sentence: string };
  const acts = changes.map(({ act, at }) => `${act} ${new Date(at).toISOString()}`);
  const place = organisation === 'default' ? '' : `/o/${organisation}`;
  return [
    `${last.severity.toUpperCase()}  ${titleOf(last.kind)}  (now ${last.state})`,
    `  kind: ${last.kind}`,
    ...(last.source === null ? [] : [`  source: ${writePlainLine(last.source)}`]),
    ...(last.line === null ? [] : [`  line: ${writePlainLine(last.line)}`]),
    `  details: "${writePlainLine(sentence)}"`,
    `  happened: ${acts.join(', ')}`,
    `  more: signpost watch finding ${last.finding}`,
    ...(baseUrl === undefined ? [] : [`        ${baseUrl}${place}/api/watch/findings/${last.finding}`]),
  ];
}

function describeEnd({ subscription }: Sender): string[] {
  return [
    '',
    '--',
    `You are told of findings of the watch (${describeWish(subscription)}), since this address confirmed it.`,
    `A manager ends it: signpost watch notify remove ${subscription.id}`,
  ];
}

function describeWish({ least_severity: severity, pace }: SubscriptionRow): string {
  return `${severity} or worse, ${pace === 'daily' ? 'in one mail a day' : 'as they happen'}`;
}

function lines(texts: readonly string[]): string {
  return `${texts.join('\n')}\n`;
}
