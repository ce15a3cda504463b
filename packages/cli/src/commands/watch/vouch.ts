/** `signpost watch vouch`: a known signer's word for a new one. */
import { readFile } from 'node:fs/promises';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';

/** `signpost watch vouch`. */
export const watchVouch: CommandSpec = {
  words: 'watch vouch',
  arguments: '<id> <bundle>',
  summary: 'Hand in a statement by which an accepted signer vouches for another one, who is then accepted on arrival',
  details: [
    'The file is a Sigstore bundle around an in-toto statement (docs/protocol/vouch.md). Beside an artifact it is found without being handed in.',
  ],
  examples: ['signpost watch vouch 0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e vouch.sigstore.json'],
  run: handIn,
};

async function handIn(invocation: Invocation): Promise<Answer> {
  const path = `/api/watch/sources/${encodeURIComponent(readArgument(invocation, 0))}/vouches`;
  const body = { bundle: (await readFile(readArgument(invocation, 1))).toString('base64') };
  const document = await (await connectAuthenticated(invocation)).request('POST', path, { body });
  return { document, lines: [`It counts until ${textOf(document, 'valid_to')}, as ${textOf(document, 'id')}.`] };
}
