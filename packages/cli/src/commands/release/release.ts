/** `signpost release list`, `show`, `activate`, `withdraw`, `delete`, `restore`. */
import { type CommandSpec, type Invocation, type OptionSpec, readArgument } from '../../command.ts';
import { cellOf, textOf } from '../../http/answer.ts';
import { connect, connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerPairs, answerTable } from '../answers.ts';
import { answerPage, pageOptions, pagePath } from '../pages.ts';

const projectOption: OptionSpec = { flags: '--project <slug>', text: 'the project', required: true };
const fields = ['version', 'channel', 'state', 'min_version', 'reason', 'created_at', 'activated_at', 'deleted_at'];

/** `signpost release list`. */
export const releaseList: CommandSpec = {
  words: 'release list',
  summary: 'List the releases of a project, the newest first',
  options: [projectOption, ...pageOptions],
  examples: [
    'signpost release list --project my-app',
    'signpost release list --project my-app --search beta --limit 20',
  ],
  run: async (invocation) => {
    const document = await (await connect(invocation)).read(pagePath(releasesPath(invocation), invocation.options));
    return answerPage(document, 'releases', [
      'version',
      'channel',
      'state',
      'created_at',
      'activated_at',
      'deleted_at',
    ]);
  },
};

/** `signpost release show`. */
export const releaseShow: CommandSpec = {
  words: 'release show',
  arguments: '<version>',
  summary: 'Show a release and its files',
  options: [projectOption],
  examples: ['signpost release show 1.0.0 --project my-app'],
  run: async (invocation) => {
    const document = await (await connect(invocation)).read(releasePath(invocation));
    const files = answerTable(document, 'artifacts', ['name', 'platform', 'media_type', 'size_bytes', 'sha256']);
    return { document, lines: [...answerPairs(document, fields).lines, '', ...files.lines] };
  },
};

/** `signpost release activate`. */
export const releaseActivate: CommandSpec = {
  words: 'release activate',
  arguments: '<version>',
  summary: 'Sign and publish a release; the one in service is superseded',
  details: ['A project under approval is published by the last of its maintainers: `signpost approve`.'],
  options: [projectOption],
  examples: ['signpost release activate 1.0.0 --project my-app'],
  run: activate,
};

/** `signpost release withdraw`. */
export const releaseWithdraw: CommandSpec = {
  words: 'release withdraw',
  arguments: '<version>',
  summary: 'Take a release out of service',
  options: [projectOption, { flags: '--reason <text>', text: 'why', required: true }],
  examples: ['signpost release withdraw 1.0.0 --project my-app --reason "loses data on start"'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    await invocation.prompt.confirm(`Take release ${readArgument(invocation, 0)} out of service?`);
    const body = { reason: invocation.options.requiredText('reason') };
    return answerPairs(await client.request('POST', `${releasePath(invocation)}/withdraw`, { body }), fields);
  },
};

/** `signpost release delete`. */
export const releaseDelete: CommandSpec = {
  words: 'release delete',
  arguments: '<version>',
  summary: 'Hide a release; nothing is lost, restore brings it back',
  options: [projectOption],
  examples: ['signpost release delete 1.0.0 --project my-app'],
  run: async (invocation) => {
    const version = readArgument(invocation, 0);
    const client = await connectAuthenticated(invocation);
    await invocation.prompt.confirm(`Hide release ${version}?`);
    await client.request('DELETE', releasePath(invocation));
    return {
      document: { version, deleted: true },
      lines: [`Release ${version} is hidden; \`signpost release restore\` brings it back.`],
    };
  },
};

/** `signpost release restore`. */
export const releaseRestore: CommandSpec = {
  words: 'release restore',
  arguments: '<version>',
  summary: 'Bring a deleted release back',
  options: [projectOption],
  examples: ['signpost release restore 1.0.0 --project my-app'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    return answerPairs(await client.request('POST', `${releasePath(invocation)}/restore`), fields);
  },
};

async function activate(invocation: Invocation): Promise<Answer> {
  const document = await (await connectAuthenticated(invocation)).request(
    'POST',
    `${releasePath(invocation)}/activate`,
  );
  const version = readArgument(invocation, 0);
  if (textOf(document, 'state') === 'active') {
    return {
      document,
      lines: [
        `Release ${version} is active in channel ${cellOf(document, 'channel')}, counter ${cellOf(document, 'counter')}.`,
      ],
    };
  }
  return {
    document,
    lines: [`Release ${version} waits for ${cellOf(document, 'needed')} approvals: signpost approve`],
  };
}

function releasesPath({ options }: Invocation): string {
  return `/api/projects/${encodeURIComponent(options.requiredText('project'))}/releases`;
}

function releasePath(invocation: Invocation): string {
  return `${releasesPath(invocation)}/${encodeURIComponent(readArgument(invocation, 0))}`;
}
