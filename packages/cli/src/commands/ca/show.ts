/** `signpost ca list` and `show`. */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { writeFileAtomically } from '../../files/atomic-write.ts';
import { textsOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerTable } from '../answers.ts';
import { answerAuthority, authorityPath } from './options.ts';

const columns = ['name', 'kind', 'state', 'custody', 'parent', 'successor', 'key_type', 'not_after'];

/** `signpost ca list`. */
export const caList: CommandSpec = {
  words: 'ca list',
  summary: 'List the authorities',
  examples: ['signpost ca list', 'signpost ca list --json'],
  run: async (invocation) =>
    answerTable(await (await connectAuthenticated(invocation)).read('/api/authorities'), 'authorities', columns),
};

/** `signpost ca show`. */
export const caShow: CommandSpec = {
  words: 'ca show',
  arguments: '<name>',
  summary: 'Show an authority and its certificates; --chain-out writes its chain',
  options: [{ flags: '--chain-out <file>', text: 'write the chain from the authority to its root, PEM' }],
  examples: ['signpost ca show issuing', 'signpost ca show issuing --chain-out chain.pem'],
  run: showAuthority,
};

async function showAuthority(invocation: Invocation): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const name = readArgument(invocation, 0);
  const document = await client.read(authorityPath(name));
  const out = invocation.options.text('chain-out');
  if (out === undefined) return answerAuthority(document);
  const [chain] = textsOf(await client.read(authorityPath(name, 'chains')), 'chains');
  if (chain === undefined) throw new Failure('refused', `${name} has no certificate that is valid now`);
  await writeFileAtomically(out, chain, 0o644);
  return answerAuthority(document, `The chain is in ${out}.`, '');
}
