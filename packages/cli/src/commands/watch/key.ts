/** `signpost watch key …`: the keys by which detached signatures of a source are verified. */
import { readFile } from 'node:fs/promises';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { cellOf, objectsOf, textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatTable } from '../../terminal/table.ts';

const example = '0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e';

/** `signpost watch key add`. */
export const watchKeyAdd: CommandSpec = {
  words: 'watch key add',
  arguments: '<id> <file>',
  summary: 'Name a key of the publisher, so that signatures by it are verified and accepted',
  details: [
    'The file is a public key of OpenPGP (gpg --export), minisign, signify or Sparkle (SUPublicEDKey). Compare its fingerprint with what the publisher says elsewhere. What could not be judged is looked at again.',
  ],
  options: [{ flags: '--reason <text>', text: 'where the key comes from, for the history', required: true }],
  examples: [`signpost watch key add ${example} minisign.pub --reason "from their documentation"`],
  run: add,
};

/** `signpost watch key list`. */
export const watchKeyList: CommandSpec = {
  words: 'watch key list',
  arguments: '<id>',
  summary: 'List the keys that were named for a source',
  examples: [`signpost watch key list ${example}`],
  run: list,
};

/** `signpost watch key remove`. */
export const watchKeyRemove: CommandSpec = {
  words: 'watch key remove',
  arguments: '<id> <key>',
  summary: 'Verify by a key no longer; who holds it stays accepted until they are retired or revoked',
  examples: [`signpost watch key remove ${example} 0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4f`],
  run: remove,
};

async function add(invocation: Invocation): Promise<Answer> {
  const file = await readFile(readArgument(invocation, 1));
  const body = { file: file.toString('base64'), reason: invocation.options.requiredText('reason') };
  const document = await (await connectAuthenticated(invocation)).request('POST', pathOf(invocation), { body });
  const [kind, name] = [textOf(document, 'kind'), textOf(document, 'name')];
  return { document, lines: [`Signatures by the ${kind} key ${name} are verified from now on.`] };
}

async function list(invocation: Invocation): Promise<Answer> {
  const document = await (await connectAuthenticated(invocation)).read(pathOf(invocation));
  const columns = ['id', 'kind', 'name', 'sha256', 'reason', 'created_at'];
  const rows = objectsOf(document, 'keys').map((row) => columns.map((name) => cellOf(row, name)));
  return { document, lines: formatTable(columns, rows) };
}

async function remove(invocation: Invocation): Promise<Answer> {
  const id = readArgument(invocation, 1);
  await (await connectAuthenticated(invocation)).request('DELETE', `${pathOf(invocation)}/${encodeURIComponent(id)}`);
  return { document: { id, removed: true }, lines: [`Nothing is verified by ${id} any more.`] };
}

function pathOf(invocation: Invocation): string {
  return `/api/watch/sources/${encodeURIComponent(readArgument(invocation, 0))}/keys`;
}
