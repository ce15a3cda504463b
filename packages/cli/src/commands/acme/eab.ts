/** `signpost acme eab …`: keys that bind ACME accounts to somebody (RFC 8555, section 7.3.4). */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerTable } from '../answers.ts';
import { directoryPath } from './directory.ts';

/** `signpost acme eab create`. */
export const acmeEabCreate: CommandSpec = {
  words: 'acme eab create',
  arguments: '<directory>',
  summary: 'Make a key with which one account may be opened; its secret is shown this once',
  options: [{ flags: '--label <text>', text: 'for whom it is', required: true }],
  examples: ['signpost acme eab create web --label "web team"'],
  run: createKey,
};

/** `signpost acme eab list`. */
export const acmeEabList: CommandSpec = {
  words: 'acme eab list',
  arguments: '<directory>',
  summary: 'List the keys of an ACME directory, and the accounts opened with them',
  examples: ['signpost acme eab list web'],
  run: async (invocation) => {
    const answer = await (await connectAuthenticated(invocation)).read(`${pathOf(invocation)}`);
    return answerTable(answer, 'eab_keys', ['id', 'label', 'account', 'created_at', 'revoked_at']);
  },
};

/** `signpost acme eab revoke`. */
export const acmeEabRevoke: CommandSpec = {
  words: 'acme eab revoke',
  arguments: '<directory> <id>',
  summary: 'Revoke a key: no account is opened with it any more',
  examples: ['signpost acme eab revoke web 0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e'],
  run: async (invocation) => {
    const id = readArgument(invocation, 1);
    const client = await connectAuthenticated(invocation);
    await client.request('DELETE', `${pathOf(invocation)}/${encodeURIComponent(id)}`);
    return {
      document: { id, revoked: true },
      lines: [`Key ${id} is revoked.`, 'An account that was opened with it stays: signpost acme account revoke'],
    };
  },
};

function pathOf(invocation: Invocation): string {
  return `${directoryPath(readArgument(invocation, 0))}/eab-keys`;
}

async function createKey(invocation: Invocation): Promise<Answer> {
  const body = { label: invocation.options.requiredText('label') };
  const made = await (await connectAuthenticated(invocation)).request('POST', pathOf(invocation), { body });
  return {
    document: made,
    lines: [
      `key id (kid): ${textOf(made, 'id')}`,
      `HMAC key:     ${textOf(made, 'hmac_key')}`,
      'Keep the HMAC key now: it is not shown again. certbot takes both as --eab-kid and --eab-hmac-key.',
    ],
  };
}
