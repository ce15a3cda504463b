/** `signpost module submissions`, `submission`, `approve`, `refuse`, `withdraw`. */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { asObject, objectsOf, textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerPairs, answerTable } from '../answers.ts';

/** What is shown of one submission. */
export const fields: readonly string[] = [
  ...['id', 'collection', 'module', 'version', 'state', 'author', 'is_new_module', 'file', 'size_bytes', 'facts'],
  ...['changelog', 'author_key', 'failure', 'note', 'created_at', 'updated_at'],
];

const states = ['receiving', 'submitted', 'failed', 'lapsed', 'withdrawn', 'refused', 'approved'];
const example = '0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e';

/** `signpost module submissions`. */
export const moduleSubmissions: CommandSpec = {
  words: 'module submissions',
  arguments: '<collection>',
  summary: 'List what authors have handed in, the newest first; an author sees their own',
  options: [{ flags: '--state <state>', text: 'only those in this state', choices: states }],
  examples: ['signpost module submissions addons --state submitted'],
  run: async (invocation) => {
    const state = invocation.options.text('state');
    const path = `${submissionsPath(readArgument(invocation, 0))}${state === undefined ? '' : `?state=${state}`}`;
    const answer = await (await connectAuthenticated(invocation)).read(path);
    const columns = ['id', 'module', 'version', 'state', 'author.name', 'is_new_module', 'created_at'];
    return answerTable({ ...answer, submissions: [...objectsOf(answer, 'submissions')] }, 'submissions', columns);
  },
};

/** `signpost module submission`. */
export const moduleSubmission: CommandSpec = {
  words: 'module submission',
  arguments: '<collection> <id>',
  summary: 'Show a submission, with what its author, its inspection and its reviewer say',
  examples: [`signpost module submission addons ${example}`],
  run: async (invocation) =>
    answerPairs(await (await connectAuthenticated(invocation)).read(pathOf(invocation)), fields),
};

/** `signpost module approve`. */
export const moduleApprove: CommandSpec = {
  words: 'module approve',
  arguments: '<collection> <id>',
  summary: 'Approve a submission, so that its release can be activated; what its author says of the module is said now',
  options: [
    { flags: '--note <text>', text: 'a word to the author' },
    { flags: '--activate', text: 'put the release into service at once' },
    { flags: '--accept-author-key <key-id>', text: 'the new key of the author, where it is not the one before' },
  ],
  examples: [`signpost module approve addons ${example} --activate`],
  run: approve,
};

/** `signpost module refuse`. */
export const moduleRefuse: CommandSpec = {
  words: 'module refuse',
  arguments: '<collection> <id>',
  summary: 'Refuse a submission; its author reads why',
  options: [{ flags: '--reason <text>', text: 'why', required: true }],
  examples: [`signpost module refuse addons ${example} --reason "It does not start."`],
  run: async (invocation) => {
    const body = { reason: invocation.options.requiredText('reason') };
    const client = await connectAuthenticated(invocation);
    return answerPairs(await client.request('POST', `${pathOf(invocation)}/refuse`, { body }), fields);
  },
};

/** `signpost module withdraw`. */
export const moduleWithdraw: CommandSpec = {
  words: 'module withdraw',
  arguments: '<collection> <id>',
  summary: 'Take back what you handed in, while nobody has decided on it',
  examples: [`signpost module withdraw addons ${example}`],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    await invocation.prompt.confirm(`Take submission ${readArgument(invocation, 1)} back?`);
    return answerPairs(await client.request('POST', `${pathOf(invocation)}/withdraw`), fields);
  },
};

async function approve(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const [note, key] = [options.text('note'), options.text('accept-author-key')];
  const body = {
    ...(note === undefined ? {} : { note }),
    ...(key === undefined ? {} : { accept_author_key: key }),
    ...(options.flag('activate') ? { activate: true } : {}),
  };
  const client = await connectAuthenticated(invocation);
  const answer = await client.request('POST', `${pathOf(invocation)}/approve`, { body });
  const activation = answer.activation === null ? {} : asObject(answer.activation);
  if (activation.state !== 'refused') return answerPairs(answer, fields);
  // The approval stands: a second one would be refused, and is not needed.
  throw new Failure('refused', `approved, and not activated: ${textOf(activation, 'message')}`, {
    hint: textOf(activation, 'hint') || 'signpost release activate',
    code: textOf(activation, 'rule'),
  });
}

/** Where the submissions of a collection are. */
export function submissionsPath(collection: string): string {
  return `/api/modules/${encodeURIComponent(collection)}/submissions`;
}

function pathOf(invocation: Invocation): string {
  return `${submissionsPath(readArgument(invocation, 0))}/${encodeURIComponent(readArgument(invocation, 1))}`;
}
