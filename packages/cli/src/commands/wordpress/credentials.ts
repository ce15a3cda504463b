/** `signpost wordpress credentials …`: who commits for a plugin. */
import { type CommandSpec, type Invocation, readArgument, readSecretSource, secretOptions } from '../../command.ts';
import { cellOf, type JsonObject, textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatPairs } from '../../terminal/table.ts';

/** `signpost wordpress credentials set`. */
export const wordpressCredentialsSet: CommandSpec = {
  words: 'wordpress credentials set',
  arguments: '<slug>',
  summary: 'Set user and password that a plugin is committed with; the password is sealed in the vault and never shown',
  options: [
    {
      flags: '--username <name>',
      text: 'the user of the repository, upper and lower case as the directory has it',
      required: true,
    },
    ...secretOptions('password', 'the password of the repository'),
    {
      flags: '--repository <url>',
      text: 'the repository, when it is not that of the slug at plugins.svn.wordpress.org',
    },
  ],
  examples: [
    'signpost wordpress credentials set my-plugin --username acme',
    'signpost wordpress credentials set my-plugin --username acme --password-file svn-password',
  ],
  run: set,
};

/** `signpost wordpress credentials show`. */
export const wordpressCredentialsShow: CommandSpec = {
  words: 'wordpress credentials show',
  arguments: '<slug>',
  summary:
    'Show whether the credentials of a plugin are there, or must be entered again after a reset of the master password',
  examples: ['signpost wordpress credentials show my-plugin'],
  run: async (invocation) => describe(await (await connectAuthenticated(invocation)).read(pathOf(invocation))),
};

/** `signpost wordpress credentials clear`. */
export const wordpressCredentialsClear: CommandSpec = {
  words: 'wordpress credentials clear',
  arguments: '<slug>',
  summary: 'Forget user and password of a plugin',
  examples: ['signpost wordpress credentials clear my-plugin'],
  run: async (invocation) => {
    const slug = readArgument(invocation, 0);
    const client = await connectAuthenticated(invocation);
    await client.request('DELETE', pathOf(invocation));
    return { document: { project: slug, cleared: true }, lines: [`The credentials of ${slug} are forgotten.`] };
  },
};

async function set(invocation: Invocation): Promise<Answer> {
  const { options, prompt } = invocation;
  const repository = options.text('repository');
  const password = await prompt.askSecret(
    'Password of the repository',
    readSecretSource(options, 'password'),
    'password',
  );
  const body = {
    username: options.requiredText('username'),
    password,
    ...(repository !== undefined && { repository }),
  };
  return describe(await (await connectAuthenticated(invocation)).request('PUT', pathOf(invocation), { body }));
}

function pathOf(invocation: Invocation): string {
  return `/api/projects/${encodeURIComponent(readArgument(invocation, 0))}/wordpress/credentials`;
}

function describe(document: JsonObject): Answer {
  const names = ['state', 'username', 'repository', 'set_at'];
  const lines = formatPairs(names.map((name) => [name, cellOf(document, name)]));
  if (textOf(document, 'state') !== 'locked') return { document, lines };
  return {
    document,
    lines: [...lines, 'The master password was reset since: enter them again by signpost wordpress credentials set.'],
  };
}
