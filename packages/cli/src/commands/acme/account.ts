/** `signpost acme account …` and `signpost acme order …`: who enrolled, and for what. */
import { type CommandSpec, type OptionSpec, readArgument } from '../../command.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { answerTable } from '../answers.ts';
import { directoryPath } from './directory.ts';

const pageOptions: readonly OptionSpec[] = [
  { flags: '--limit <n>', text: 'how many, at most 500', fallback: '100' },
  { flags: '--before <id>', text: 'those older than this one' },
];

/** `signpost acme account list`. */
export const acmeAccountList: CommandSpec = {
  words: 'acme account list',
  arguments: '<directory>',
  summary: 'List the accounts of an ACME directory, newest first',
  options: pageOptions,
  examples: ['signpost acme account list web'],
  run: listPage('accounts', ['id', 'state', 'contacts', 'eab_key', 'created_at']),
};

/** `signpost acme account revoke`. */
export const acmeAccountRevoke: CommandSpec = {
  words: 'acme account revoke',
  arguments: '<directory> <id>',
  summary: 'End an account; its certificates stay valid',
  examples: ['signpost acme account revoke web 0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e'],
  run: async (invocation) => {
    const id = readArgument(invocation, 1);
    const client = await connectAuthenticated(invocation);
    await invocation.prompt.confirm(`End account ${id}? Its client can renew nothing any more.`);
    const place = `${directoryPath(readArgument(invocation, 0))}/accounts/${encodeURIComponent(id)}/revoke`;
    const document = await client.request('POST', place);
    return { document, lines: [`Account ${id} is ended.`, 'Its certificates: signpost cert list'] };
  },
};

/** `signpost acme order list`. */
export const acmeOrderList: CommandSpec = {
  words: 'acme order list',
  arguments: '<directory>',
  summary: 'List the orders of an ACME directory, newest first, with what went wrong',
  options: pageOptions,
  examples: ['signpost acme order list web --limit 20'],
  run: listPage('orders', ['id', 'state', 'names', 'profile', 'certificate', 'problem', 'created_at']),
};

function listPage(name: 'accounts' | 'orders', columns: readonly string[]): CommandSpec['run'] {
  return async (invocation) => {
    const { options } = invocation;
    const before = options.text('before');
    const query = new URLSearchParams({ limit: String(options.integer('limit', 1) ?? 100), ...(before && { before }) });
    const client = await connectAuthenticated(invocation);
    return answerTable(
      await client.read(`${directoryPath(readArgument(invocation, 0))}/${name}?${query}`),
      name,
      columns,
    );
  };
}
