/** `signpost api-key …`: keys for scripts. */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerTable } from '../answers.ts';

/** `signpost api-key create`. */
export const apiKeyCreate: CommandSpec = {
  words: 'api-key create',
  summary: 'Make an API key; it is shown this once',
  options: [
    { flags: '--name <name>', text: 'what it is for', required: true },
    { flags: '--scope <scope>', text: '"*", project:SLUG or collection:SLUG', fallback: '*' },
    {
      flags: '--verb <verb>',
      text: 'what it may do: read, upload, activate, manage, admin, metrics; read when left out',
      repeatable: true,
    },
    { flags: '--days <days>', text: 'how long it holds; for ever when left out' },
  ],
  examples: ['signpost api-key create --name ci --scope project:my-app --verb upload --verb activate --days 90'],
  run: createApiKey,
};

/** `signpost api-key list`. */
export const apiKeyList: CommandSpec = {
  words: 'api-key list',
  summary: 'List the API keys in force',
  examples: ['signpost api-key list'],
  run: async (invocation) => {
    const answer = await (await connectAuthenticated(invocation)).read('/api/api-keys');
    return answerTable(answer, 'api_keys', ['id', 'name', 'hint', 'scope', 'verbs', 'expires_at', 'last_used_at']);
  },
};

/** `signpost api-key revoke`. */
export const apiKeyRevoke: CommandSpec = {
  words: 'api-key revoke',
  arguments: '<id>',
  summary: 'Revoke an API key at once',
  examples: ['signpost api-key revoke 0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e'],
  run: revokeApiKey,
};

async function createApiKey(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const verbs = options.texts('verb');
  const days = options.integer('days', 1);
  const body = {
    name: options.requiredText('name'),
    scope: options.requiredText('scope'),
    verbs: verbs.length > 0 ? verbs : ['read'],
    ...(days === undefined ? {} : { expires_in_days: days }),
  };
  const made = await (await connectAuthenticated(invocation)).request('POST', '/api/api-keys', { body });
  return {
    document: made,
    lines: [
      textOf(made, 'key'),
      `Keep it now: it is not shown again. Revoke it by: signpost api-key revoke ${textOf(made, 'id')}`,
    ],
  };
}

async function revokeApiKey(invocation: Invocation): Promise<Answer> {
  const id = readArgument(invocation, 0);
  const client = await connectAuthenticated(invocation);
  await invocation.prompt.confirm(`Revoke API key ${id}? What uses it stops working.`);
  await client.request('DELETE', `/api/api-keys/${encodeURIComponent(id)}`);
  return { document: { id, revoked: true }, lines: [`API key ${id} is revoked.`] };
}
