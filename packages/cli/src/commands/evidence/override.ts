/** `signpost override …`: letting rules of the policy go for one release, with a reason and an end. */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { cellOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerTable } from '../answers.ts';
import { projectOption, releasePath } from './paths.ts';

const dayMs = 86_400_000;

/** `signpost override create`. */
export const overrideCreate: CommandSpec = {
  words: 'override create',
  arguments: '<version>',
  summary: 'Let rules of the policy go for one release; only an admin in person may',
  details: ['Rules, reason and end stand in the audit log, and in the signed manifest for every client to see.'],
  options: [
    projectOption,
    { flags: '--rule <name>', text: 'a rule, as `signpost evidence show` names it', required: true, repeatable: true },
    { flags: '--reason <text>', text: 'why', required: true },
    { flags: '--days <days>', text: 'for how long, at most 90', fallback: '7' },
  ],
  examples: ['signpost override create 1.0.0 --project my-app --rule sbom --reason "the SBOM tool is broken" --days 3'],
  run: createOverride,
};

/** `signpost override list`. */
export const overrideList: CommandSpec = {
  words: 'override list',
  arguments: '<version>',
  summary: 'List the overrides in force for a release',
  options: [projectOption],
  examples: ['signpost override list 1.0.0 --project my-app'],
  run: async (invocation) => {
    const document = await (await connectAuthenticated(invocation)).read(`${releasePath(invocation)}/overrides`);
    return answerTable(document, 'overrides', ['id', 'rules', 'reason', 'expires_at']);
  },
};

/** `signpost override remove`. */
export const overrideRemove: CommandSpec = {
  words: 'override remove',
  arguments: '<version> <id>',
  summary: 'Take an override back before it ends',
  options: [projectOption],
  examples: ['signpost override remove 1.0.0 0198c2f0-… --project my-app'],
  run: async (invocation) => {
    const id = readArgument(invocation, 1);
    const client = await connectAuthenticated(invocation);
    await client.request('DELETE', `${releasePath(invocation)}/overrides/${encodeURIComponent(id)}`);
    return { document: { id, removed: true }, lines: ['The override is no longer in force.'] };
  },
};

async function createOverride(invocation: Invocation): Promise<Answer> {
  const { options, prompt, now } = invocation;
  const rules = options.texts('rule');
  const days = options.integer('days', 1) ?? 1;
  const client = await connectAuthenticated(invocation);
  await prompt.confirm(`Let ${rules.join(', ')} go for release ${readArgument(invocation, 0)}, for everybody to see?`);
  const body = {
    rules: [...rules],
    reason: options.requiredText('reason'),
    expires_at: new Date(now() + days * dayMs).toISOString(),
  };
  const document = await client.request('POST', `${releasePath(invocation)}/overrides`, { body });
  return {
    document,
    lines: [`Override ${cellOf(document, 'id')} is in force until ${cellOf(document, 'expires_at')}.`],
  };
}
