/** `signpost collection …`. */
import { type CommandSpec, type Invocation, type OptionSpec, type Options, readArgument } from '../../command.ts';
import type { JsonObject } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { answerPairs, answerTable } from '../answers.ts';

const fields = ['slug', 'name', 'description', 'primary_locale', 'catalogue_days', 'modules', 'created_at'];

const changeOptions: readonly OptionSpec[] = [
  { flags: '--name <text>', text: 'the name in the primary locale' },
  { flags: '--description <text>', text: 'one paragraph in the primary locale' },
  { flags: '--primary-locale <locale>', text: 'such as en or de-AT' },
  { flags: '--catalogue-days <days>', text: 'how long a catalogue holds; it is signed anew at half of that' },
];

/** `signpost collection create`. */
export const collectionCreate: CommandSpec = {
  words: 'collection create',
  arguments: '<slug>',
  summary: 'Create a collection of modules, with a signed catalogue',
  options: changeOptions,
  examples: ['signpost collection create addons --name "Add-ons"'],
  run: async (invocation) => {
    const body = { slug: readArgument(invocation, 0), ...readChange(invocation.options) };
    const client = await connectAuthenticated(invocation);
    return answerPairs(await client.request('POST', '/api/collections', { body }), fields);
  },
};

/** `signpost collection list`. */
export const collectionList: CommandSpec = {
  words: 'collection list',
  summary: 'List the collections',
  examples: ['signpost collection list'],
  run: async (invocation) => {
    const answer = await (await connectAuthenticated(invocation)).read('/api/collections');
    return answerTable(answer, 'collections', ['slug', 'modules', 'catalogue_days', 'created_at']);
  },
};

/** `signpost collection show`. */
export const collectionShow: CommandSpec = {
  words: 'collection show',
  arguments: '<slug>',
  summary: 'Show a collection',
  examples: ['signpost collection show addons'],
  run: async (invocation) =>
    answerPairs(await (await connectAuthenticated(invocation)).read(pathOf(invocation)), fields),
};

/** `signpost collection change`. */
export const collectionChange: CommandSpec = {
  words: 'collection change',
  arguments: '<slug>',
  summary: 'Change a collection, and its catalogue with it',
  options: changeOptions,
  examples: ['signpost collection change addons --catalogue-days 7'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    const body = readChange(invocation.options);
    return answerPairs(await client.request('PATCH', pathOf(invocation), { body }), fields);
  },
};

/** `signpost collection delete`. */
export const collectionDelete: CommandSpec = {
  words: 'collection delete',
  arguments: '<slug>',
  summary: 'Hide a collection that holds no modules',
  examples: ['signpost collection delete addons'],
  run: async (invocation) => {
    const slug = readArgument(invocation, 0);
    const client = await connectAuthenticated(invocation);
    await invocation.prompt.confirm(`Hide the collection ${slug} and its catalogue from clients?`);
    await client.request('DELETE', pathOf(invocation));
    return {
      document: { slug, deleted: true },
      lines: [`Collection ${slug} is hidden; \`signpost project restore ${slug}\` brings it back.`],
    };
  },
};

function pathOf(invocation: Invocation): string {
  return `/api/collections/${encodeURIComponent(readArgument(invocation, 0))}`;
}

function readChange(options: Options): JsonObject {
  return JSON.parse(
    JSON.stringify({
      name: options.text('name'),
      description: options.text('description'),
      primary_locale: options.text('primary-locale'),
      catalogue_days: options.integer('catalogue-days', 1),
    }),
  );
}
