/** `signpost publisher …`: builds that may upload to a project without a key that is stored anywhere. */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { asObject, cellOf, type JsonObject, objectsOf, textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatTable } from '../../terminal/table.ts';

const projectOption = { flags: '--project <slug>', text: 'the project', required: true } as const;

/** `signpost publisher list`. */
export const publisherList: CommandSpec = {
  words: 'publisher list',
  summary: 'List the builds that may upload to a project without a stored key',
  options: [projectOption],
  examples: ['signpost publisher list --project my-app'],
  run: list,
};

/** `signpost publisher add`. */
export const publisherAdd: CommandSpec = {
  words: 'publisher add',
  summary: 'Let the builds of one workflow upload to a project; nothing secret is stored for it',
  details: [
    'The repository is named by name and by number: whoever takes over the name later has another number. On GitHub it is `gh api repos/OWNER/NAME --jq .id`, on GitLab the project ID on its front page. See docs/trusted-publishing.md.',
    'A ref is exact (refs/heads/main) or, by --ref-pattern, a pattern: * stands for anything without a slash.',
  ],
  options: [
    projectOption,
    { flags: '--platform <platform>', text: 'whose tokens', required: true, choices: ['github', 'gitlab'] },
    { flags: '--issuer <url>', text: 'of an instance of your own, exactly as its tokens name it' },
    { flags: '--repository <path>', text: 'OWNER/NAME', required: true },
    { flags: '--repository-id <number>', text: 'its number', required: true },
    { flags: '--workflow <path>', text: 'the file in the repository', required: true },
    { flags: '--ref <ref>', text: 'the whole ref, such as refs/heads/main' },
    { flags: '--ref-pattern <pattern>', text: 'such as refs/tags/v*' },
    { flags: '--environment <name>', text: 'only jobs of this environment; any when left out' },
    { flags: '--activate', text: 'let them publish what they uploaded, too' },
  ],
  examples: [
    'signpost publisher add --project my-app --platform github --repository acme/app --repository-id 4711 --workflow .github/workflows/release.yml --ref-pattern "refs/tags/v*" --environment release',
    'signpost publisher add --project my-app --platform gitlab --repository group/app --repository-id 815 --workflow .gitlab-ci.yml --ref refs/heads/main --activate',
  ],
  run: add,
};

/** `signpost publisher remove`. */
export const publisherRemove: CommandSpec = {
  words: 'publisher remove',
  arguments: '<id>',
  summary: 'Remove a publisher; the keys that its builds hold end at once',
  options: [projectOption],
  examples: ['signpost publisher remove 0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e --project my-app'],
  run: remove,
};

async function list(invocation: Invocation): Promise<Answer> {
  const document = await (await connectAuthenticated(invocation)).read(pathOf(invocation));
  const columns = ['id', 'platform', 'repository', 'repository_id', 'workflow', 'environment', 'may_activate'];
  const rows = objectsOf(document, 'publishers').map((row) => [
    ...columns.map((name) => cellOf(row, name)),
    describeRef(row),
  ]);
  return { document, lines: formatTable([...columns, 'ref'], rows) };
}

async function add(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const [issuer, environment] = [options.text('issuer'), options.text('environment')];
  const body = {
    platform: options.requiredText('platform'),
    ...(issuer !== undefined && { issuer }),
    repository: options.requiredText('repository'),
    repository_id: options.requiredText('repository-id'),
    workflow: options.requiredText('workflow'),
    ref: readRef(invocation),
    ...(environment !== undefined && { environment }),
    may_activate: options.flag('activate'),
  };
  const document = await (await connectAuthenticated(invocation)).request('POST', pathOf(invocation), { body });
  return {
    document,
    lines: [
      `Builds of ${textOf(document, 'workflow')} in ${textOf(document, 'repository')} at ${describeRef(document)} may upload to ${options.requiredText('project')}.`,
      'In the workflow: signpost ci upload; see docs/trusted-publishing.md.',
    ],
  };
}

function readRef({ options }: Invocation): JsonObject {
  const [exact, pattern] = [options.text('ref'), options.text('ref-pattern')];
  if ((exact === undefined) === (pattern === undefined)) {
    throw new Failure('usage', 'expected either --ref or --ref-pattern');
  }
  return exact === undefined ? { pattern: pattern ?? '' } : { exact };
}

async function remove(invocation: Invocation): Promise<Answer> {
  const id = readArgument(invocation, 0);
  const client = await connectAuthenticated(invocation);
  await invocation.prompt.confirm(`Remove publisher ${id}? Its builds can upload nothing any more.`);
  await client.request('DELETE', `${pathOf(invocation)}/${encodeURIComponent(id)}`);
  return { document: { id, removed: true }, lines: [`Publisher ${id} is removed.`] };
}

function pathOf({ options }: Invocation): string {
  return `/api/projects/${encodeURIComponent(options.requiredText('project'))}/publishers`;
}

function describeRef(row: JsonObject): string {
  const ref = asObject(row.ref);
  return cellOf(ref, ref.exact === undefined ? 'pattern' : 'exact');
}
