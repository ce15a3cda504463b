/** `signpost waiting`. */
import { quoteWord } from '@signpost/protocol/bytes/shell-word';
import type { CommandSpec, Invocation } from '../../command.ts';
import { asObject, cellOf, type JsonObject, numberOf, objectsOf, textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';

/** `signpost waiting`. */
export const waiting: CommandSpec = {
  words: 'waiting',
  summary: 'List what needs a person now, the gravest first, each with the command that leads on',
  details: [
    'Artifacts with findings that are medium or worse, certificates that end within 30 days and that nothing renews, releases that maintainers are to sign, prepared deploys, and submissions. What is misconfigured is told by `signpost doctor`.',
  ],
  options: [{ flags: '--limit <n>', text: 'at most so many, 100 at most (default: 20)' }],
  examples: ['signpost waiting', 'signpost waiting --limit 1 --json'],
  run: listWaiting,
};

async function listWaiting(invocation: Invocation): Promise<Answer> {
  const limit = invocation.options.integer('limit', 1);
  const client = await connectAuthenticated(invocation);
  const document = await client.read(`/api/waiting${limit === undefined ? '' : `?limit=${limit}`}`);
  const listed = objectsOf(document, 'waiting');
  const more = numberOf(document, 'total') - listed.length;
  return {
    document,
    lines: [
      ...listed.flatMap(describeWaiting),
      ...(listed.length === 0 ? ['Nothing waits for a person.'] : []),
      ...(more > 0 ? [`${more} more: --limit ${Math.min(100, listed.length + more)}`] : []),
    ],
  };
}

/** One thing that waits, as `GET /api/waiting` has it: how grave it is and what it is, and below it the command that leads on. */
export function describeWaiting(item: JsonObject): readonly string[] {
  const { text, command } = describeSubject(asObject(item.subject));
  const first = `${textOf(item, 'severity')}: ${text}, since ${textOf(item, 'since')}`;
  return command === undefined ? [first] : [first, `  signpost ${command.map(quoteWord).join(' ')}`];
}

function describeSubject(subject: JsonObject): { readonly text: string; readonly command?: readonly string[] } {
  const [kind, of] = [textOf(subject, 'kind'), (name: string) => cellOf(subject, name)];
  switch (kind) {
    case 'case':
      return { text: `${of('source')}: ${of('title')}`, command: ['watch', 'finding', of('finding')] };
    case 'certificate':
      return {
        text: `certificate ${of('name')} ends at ${of('ends_at')}`,
        command: ['cert', 'renew', of('id')],
      };
    case 'approval':
      return {
        text: `${of('project')} ${of('version')} is to be signed by its maintainers`,
        command: ['approve', of('project'), of('version')],
      };
    case 'deploy':
      return {
        text: `the deploy of ${of('project')} ${of('version')} is to be confirmed`,
        command: ['wordpress', 'status', of('project')],
      };
    case 'submission':
      return {
        text: `${of('release')} was handed in to ${of('collection')}`,
        command: ['module', 'submission', of('collection'), of('id')],
      };
    default:
      // Of a newer server.
      return { text: kind };
  }
}
