/** `signpost project …`. */
import { type CommandSpec, type Invocation, type OptionSpec, type Options, readArgument } from '../../command.ts';
import { asObject, cellOf, type JsonObject } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerPairs } from '../answers.ts';
import { answerPage, pageOptions, pagePath } from '../pages.ts';

const fields = [
  'slug',
  'kind',
  'name',
  'description',
  'accepted_types',
  'scan',
  'manifest_days',
  'counter',
  'created_at',
  'deleted_at',
];

const changeOptions: readonly OptionSpec[] = [
  { flags: '--name <text>', text: 'the name in the primary locale' },
  { flags: '--description <text>', text: 'one paragraph in the primary locale' },
  { flags: '--primary-locale <locale>', text: 'such as en or de-AT' },
  { flags: '--accept <type>', text: 'what may be uploaded: zip, tar.gz or any', repeatable: true },
  { flags: '--scan <mode>', text: 'off is said in manifest and badge', choices: ['required', 'off'] },
  { flags: '--manifest-days <days>', text: 'how long a manifest holds before the server signs it anew' },
];

/** `signpost project create`. */
export const projectCreate: CommandSpec = {
  words: 'project create',
  arguments: '<slug>',
  summary: 'Create a project',
  options: [
    { flags: '--kind <kind>', text: 'what it publishes', choices: ['app', 'wordpress_plugin'], fallback: 'app' },
    ...changeOptions,
  ],
  examples: ['signpost project create my-app --name "My App" --accept zip --accept tar.gz'],
  run: async (invocation) => {
    const body = {
      slug: readArgument(invocation, 0),
      kind: invocation.options.requiredText('kind'),
      ...readChange(invocation.options),
    };
    return answerPairs(
      await (await connectAuthenticated(invocation)).request('POST', '/api/projects', { body }),
      fields,
    );
  },
};

/** `signpost project list`. */
export const projectList: CommandSpec = {
  words: 'project list',
  summary: 'List the projects',
  options: pageOptions,
  examples: ['signpost project list', 'signpost project list --search app --limit 20'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    const answer = await client.read(pagePath('/api/projects', invocation.options));
    return answerPage(answer, 'projects', ['slug', 'kind', 'scan', 'counter', 'created_at', 'deleted_at']);
  },
};

/** `signpost project show`. */
export const projectShow: CommandSpec = {
  words: 'project show',
  arguments: '<slug>',
  summary: 'Show a project, and for which clients it is safe from a stolen server',
  examples: ['signpost project show my-app'],
  run: showProject,
};

/** `signpost project change`. */
export const projectChange: CommandSpec = {
  words: 'project change',
  arguments: '<slug>',
  summary: 'Change a project',
  options: changeOptions,
  examples: ['signpost project change my-app --scan required --manifest-days 30'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    return answerPairs(
      await client.request('PATCH', pathOf(invocation), { body: readChange(invocation.options) }),
      fields,
    );
  },
};

/** `signpost project delete`. */
export const projectDelete: CommandSpec = {
  words: 'project delete',
  arguments: '<slug>',
  summary: 'Hide a project and all its releases; nothing is lost, restore brings it back',
  examples: ['signpost project delete my-app'],
  run: async (invocation) => {
    const slug = readArgument(invocation, 0);
    const client = await connectAuthenticated(invocation);
    await invocation.prompt.confirm(`Hide project ${slug} and all its releases from clients?`);
    await client.request('DELETE', pathOf(invocation));
    return {
      document: { slug, deleted: true },
      lines: [`Project ${slug} is hidden; \`signpost project restore ${slug}\` brings it back.`],
    };
  },
};

/** `signpost project restore`. */
export const projectRestore: CommandSpec = {
  words: 'project restore',
  arguments: '<slug>',
  summary: 'Bring a deleted project back',
  examples: ['signpost project restore my-app'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    return answerPairs(await client.request('POST', `${pathOf(invocation)}/restore`), fields);
  },
};

const protectionTexts: Readonly<Record<string, string>> = {
  'every-client': 'a stolen server cannot publish: no client accepts a key that the server holds',
  'clients-that-know-scopes':
    'a stolen server cannot publish to clients that know scopes and approvals; older clients accept any listed key, and the server holds one',
  nobody: 'a stolen server can publish: it holds a key that clients accept for this project',
};

async function showProject(invocation: Invocation): Promise<Answer> {
  const document = await (await connectAuthenticated(invocation)).read(pathOf(invocation));
  const shown = answerPairs(document, fields);
  if (document.protection === undefined) return shown;
  const protection = asObject(document.protection);
  const text = protectionTexts[cellOf(protection, 'protects')] ?? cellOf(protection, 'protects');
  return {
    document,
    lines: [...shown.lines, '', `Approvals needed: ${cellOf(protection, 'approvals')}`, `Protection: ${text}`],
  };
}

function pathOf(invocation: Invocation): string {
  return `/api/projects/${encodeURIComponent(readArgument(invocation, 0))}`;
}

function readChange(options: Options): JsonObject {
  const accepted = options.texts('accept');
  const days = options.integer('manifest-days', 1);
  const texts = { name: options.text('name'), description: options.text('description') };
  return JSON.parse(
    JSON.stringify({
      ...texts,
      primary_locale: options.text('primary-locale'),
      accepted_types: accepted.length > 0 ? accepted : undefined,
      scan: options.text('scan'),
      manifest_days: days,
    }),
  );
}
