/** `signpost module …`. */
import { type CommandSpec, type Invocation, type OptionSpec, type Options, readArgument } from '../../command.ts';
import type { JsonObject } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { answerPairs } from '../answers.ts';
import { answerPage, pageOptions, pagePath } from '../pages.ts';

const fields = [
  'slug',
  'collection',
  'name',
  'description',
  'category',
  'trust_level',
  'requires_permissions',
  'info_url',
  'offered_version',
  'accepted_types',
  'scan',
  'created_at',
];

const changeOptions: readonly OptionSpec[] = [
  { flags: '--name <text>', text: 'the name in the primary locale' },
  { flags: '--description <text>', text: 'one paragraph in the primary locale' },
  { flags: '--category <text>', text: 'where it stands, in the primary locale' },
  { flags: '--primary-locale <locale>', text: 'such as en or de-AT' },
  {
    flags: '--trust-level <level>',
    text: 'whose module it is; every client is told',
    choices: ['official', 'verified', 'community'],
  },
  { flags: '--permission <name>', text: 'a permission of your application that it needs', repeatable: true },
  { flags: '--info-url <url>', text: 'a page about it' },
  { flags: '--accept <type>', text: 'what may be uploaded: zip, tar.gz or any', repeatable: true },
  { flags: '--scan <mode>', text: 'off is said in manifest and badge', choices: ['required', 'off'] },
];

/** `signpost module create`. */
export const moduleCreate: CommandSpec = {
  words: 'module create',
  arguments: '<collection> <slug>',
  summary: 'Create a module; `signpost release upload` gives it releases as any project',
  options: changeOptions,
  examples: ['signpost module create addons maps --name Maps --category Tools --permission files.read'],
  run: async (invocation) => {
    const body = { slug: readArgument(invocation, 1), ...readChange(invocation.options) };
    const client = await connectAuthenticated(invocation);
    return answerPairs(await client.request('POST', listPath(invocation), { body }), fields);
  },
};

/** `signpost module list`. */
export const moduleList: CommandSpec = {
  words: 'module list',
  arguments: '<collection>',
  summary: 'List the modules of a collection, with the versions that its catalogue offers',
  options: pageOptions,
  examples: ['signpost module list addons', 'signpost module list addons --search map --limit 20'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    const answer = await client.read(pagePath(listPath(invocation), invocation.options));
    return answerPage(answer, 'modules', ['slug', 'trust_level', 'offered_version', 'created_at']);
  },
};

/** `signpost module show`. */
export const moduleShow: CommandSpec = {
  words: 'module show',
  arguments: '<collection> <slug>',
  summary: 'Show a module',
  examples: ['signpost module show addons maps'],
  run: async (invocation) =>
    answerPairs(await (await connectAuthenticated(invocation)).read(pathOf(invocation)), fields),
};

/** `signpost module change`. */
export const moduleChange: CommandSpec = {
  words: 'module change',
  arguments: '<collection> <slug>',
  summary: 'Change a module, and its entry in the catalogue with it',
  options: changeOptions,
  examples: ['signpost module change addons maps --trust-level official'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    const body = readChange(invocation.options);
    return answerPairs(await client.request('PATCH', pathOf(invocation), { body }), fields);
  },
};

/** `signpost module delete`. */
export const moduleDelete: CommandSpec = {
  words: 'module delete',
  arguments: '<collection> <slug>',
  summary: 'Hide a module and all its releases; nothing is lost',
  examples: ['signpost module delete addons maps'],
  run: async (invocation) => {
    const slug = readArgument(invocation, 1);
    const client = await connectAuthenticated(invocation);
    await invocation.prompt.confirm(`Hide module ${slug} and all its releases from clients?`);
    await client.request('DELETE', pathOf(invocation));
    return {
      document: { slug, deleted: true },
      lines: [`Module ${slug} is hidden; \`signpost project restore ${slug}\` brings it back.`],
    };
  },
};

function listPath(invocation: Invocation): string {
  return `/api/collections/${encodeURIComponent(readArgument(invocation, 0))}/modules`;
}

function pathOf(invocation: Invocation): string {
  return `${listPath(invocation)}/${encodeURIComponent(readArgument(invocation, 1))}`;
}

function readChange(options: Options): JsonObject {
  const permissions = options.texts('permission');
  const accepted = options.texts('accept');
  return JSON.parse(
    JSON.stringify({
      name: options.text('name'),
      description: options.text('description'),
      category: options.text('category'),
      primary_locale: options.text('primary-locale'),
      trust_level: options.text('trust-level'),
      requires_permissions: permissions.length > 0 ? permissions : undefined,
      info_url: options.text('info-url'),
      accepted_types: accepted.length > 0 ? accepted : undefined,
      scan: options.text('scan'),
    }),
  );
}
