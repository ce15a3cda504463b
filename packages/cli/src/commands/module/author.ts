/** `signpost module author …`: who hands in modules, and whose a module is. */
import { type CommandSpec, type Invocation, type OptionSpec, type Options, readArgument } from '../../command.ts';
import { asObject, type JsonObject, textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import { answerTable } from '../answers.ts';

const example = '0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e';

const keyOptions: readonly OptionSpec[] = [
  { flags: '--module <slug>', text: 'the one module that the key is for; all of the collection when left out' },
  { flags: '--days <days>', text: 'how long the key holds; for ever when left out' },
];

/** `signpost module author add`. */
export const authorAdd: CommandSpec = {
  words: 'module author add',
  arguments: '<collection> <name>',
  summary: 'Make an author with a key that can hand in modules and nothing else; it is shown this once',
  options: keyOptions,
  examples: ['signpost module author add addons "Ada Lovelace"', 'signpost module author add addons Bob --module maps'],
  run: async (invocation) => {
    const body = { name: readArgument(invocation, 1), ...readKeyWish(invocation.options) };
    const client = await connectAuthenticated(invocation);
    const made = await client.request('POST', authorsPath(invocation), { body });
    return {
      document: made,
      lines: [
        textOf(asObject(made.key), 'key'),
        `The key of author ${textOf(made, 'id')}. Hand it over now: it is not shown again.`,
      ],
    };
  },
};

/** `signpost module author list`. */
export const authorList: CommandSpec = {
  words: 'module author list',
  arguments: '<collection>',
  summary: 'List the authors of a collection, with their modules and keys',
  examples: ['signpost module author list addons'],
  run: async (invocation) => {
    const answer = await (await connectAuthenticated(invocation)).read(authorsPath(invocation));
    return answerTable(answer, 'authors', ['id', 'name', 'modules', 'keys', 'created_at']);
  },
};

/** `signpost module author key`. */
export const authorKey: CommandSpec = {
  words: 'module author key',
  arguments: '<collection> <author>',
  summary: 'Give an author a further key; they stay the same author',
  options: keyOptions,
  examples: [`signpost module author key addons ${example}`],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    const path = `${authorPath(invocation)}/keys`;
    const made = await client.request('POST', path, { body: readKeyWish(invocation.options) });
    return {
      document: made,
      lines: [textOf(made, 'key'), 'Hand it over now: it is not shown again. Then revoke the one before.'],
    };
  },
};

/** `signpost module author revoke-key`. */
export const authorRevokeKey: CommandSpec = {
  words: 'module author revoke-key',
  arguments: '<collection> <author> <key>',
  summary: 'Revoke a key of an author at once',
  examples: [`signpost module author revoke-key addons ${example} 0195f3b0-9d39-7d7a-9d39-0b5f3a1c2d4e`],
  run: async (invocation) => {
    const key = readArgument(invocation, 2);
    const client = await connectAuthenticated(invocation);
    await invocation.prompt.confirm(`Revoke key ${key}? Its author hands in nothing more with it.`);
    await client.request('DELETE', `${authorPath(invocation)}/keys/${encodeURIComponent(key)}`);
    return { document: { key, revoked: true }, lines: [`Key ${key} is revoked.`] };
  },
};

/** `signpost module author give`. */
export const authorGive: CommandSpec = {
  words: 'module author give',
  arguments: '<collection> <module>',
  summary: 'Give a module to another author, or take it to the vendor',
  options: [
    { flags: '--to <author>', text: 'the id of the author' },
    { flags: '--to-vendor', text: 'nobody hands in versions of it any more' },
  ],
  examples: [`signpost module author give addons maps --to ${example}`],
  run: async (invocation) => {
    const { options } = invocation;
    const author = options.text('to') ?? null;
    if ((author === null) !== options.flag('to-vendor')) {
      throw new Failure('usage', 'expected either --to or --to-vendor');
    }
    const module = readArgument(invocation, 1);
    const client = await connectAuthenticated(invocation);
    await invocation.prompt.confirm(`Give module ${module} to ${author ?? 'the vendor'}? Whoever has it loses it.`);
    const collection = encodeURIComponent(readArgument(invocation, 0));
    const path = `/api/collections/${collection}/modules/${encodeURIComponent(module)}/author`;
    await client.request('PUT', path, { body: { author } });
    return { document: { module, author }, lines: [`Module ${module} is given to ${author ?? 'the vendor'}.`] };
  },
};

function readKeyWish(options: Options): JsonObject {
  return JSON.parse(JSON.stringify({ module: options.text('module'), expires_in_days: options.integer('days', 1) }));
}

function authorsPath(invocation: Invocation): string {
  return `/api/collections/${encodeURIComponent(readArgument(invocation, 0))}/authors`;
}

function authorPath(invocation: Invocation): string {
  return `${authorsPath(invocation)}/${encodeURIComponent(readArgument(invocation, 1))}`;
}
