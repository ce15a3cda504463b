/** `signpost trust-root …`: the instances of Sigstore whose evidence counts. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type CommandSpec, type Invocation, type Options, readArgument } from '../../command.ts';
import { writeFileAtomically } from '../../files/atomic-write.ts';
import { asObject, cellOf, type JsonObject, objectsOf, textOf } from '../../http/answer.ts';
import { type Client, readBounded, ServerRefusal } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatPairs } from '../../terminal/table.ts';
import { answerTable } from '../answers.ts';

const path = '/api/evidence/trust-roots';

/** `signpost trust-root list`. */
export const trustRootList: CommandSpec = {
  words: 'trust-root list',
  summary: 'List the instances of Sigstore whose evidence counts, each with its light',
  examples: ['signpost trust-root list'],
  run: async (invocation) => {
    const answer = await (await connectAuthenticated(invocation)).read(path);
    return answerTable(answer, 'trust_roots', [
      'name',
      'source',
      'light',
      'light_reason',
      'light_since',
      'accepted_at',
    ]);
  },
};

/** `signpost trust-root add`. */
export const trustRootAdd: CommandSpec = {
  words: 'trust-root add',
  arguments: '<name>',
  summary: 'Trust an instance of Sigstore: follow its TUF repository, or take a trusted_root.json',
  details: [
    'A repository is followed from the root.json that you give: get it another way than from the repository, and compare its digest (--root-sha256). From then on new keys arrive by themselves. The public good instance is at https://tuf-repo-cdn.sigstore.dev, the one of GitHub at https://tuf-repo.github.com; see docs/evidence.md.',
    'A file stays as it is until you replace it: `signpost trust-root refresh NAME --file FILE`.',
  ],
  options: [
    { flags: '--tuf <url>', text: 'base URL of the repository of metadata' },
    { flags: '--root <file>', text: 'a root.json of that repository, to begin with' },
    { flags: '--root-sha256 <hex>', text: 'what the SHA-256 of that file must be' },
    { flags: '--targets-url <url>', text: 'base URL of the targets, if not TUF-URL/targets' },
    { flags: '--target <path>', text: 'the trusted root among the targets', fallback: 'trusted_root.json' },
    { flags: '--file <file>', text: 'a trusted_root.json instead of a repository' },
  ],
  examples: [
    'signpost trust-root add sigstore --tuf https://tuf-repo-cdn.sigstore.dev --root root.json',
    'signpost trust-root add internal --file trusted_root.json',
  ],
  run: add,
};

/** `signpost trust-root show`. */
export const trustRootShow: CommandSpec = {
  words: 'trust-root show',
  arguments: '<name>',
  summary: 'Show how a trusted root stands, and which authorities and logs are in it',
  options: [{ flags: '--out <file>', text: 'write the trusted_root.json there' }],
  examples: ['signpost trust-root show sigstore', 'signpost trust-root show sigstore --out trusted_root.json'],
  run: show,
};

/** `signpost trust-root refresh`. */
export const trustRootRefresh: CommandSpec = {
  words: 'trust-root refresh',
  arguments: '<name>',
  summary: 'Ask the repository of a trusted root now, or replace an uploaded file',
  details: ['The server asks by itself a few times a day. What is refused leaves the old root in force.'],
  options: [{ flags: '--file <file>', text: 'the trusted_root.json that takes the place of the uploaded one' }],
  examples: ['signpost trust-root refresh sigstore', 'signpost trust-root refresh internal --file trusted_root.json'],
  run: refresh,
};

/** `signpost trust-root remove`. */
export const trustRootRemove: CommandSpec = {
  words: 'trust-root remove',
  arguments: '<name>',
  summary: 'Stop trusting an instance of Sigstore',
  examples: ['signpost trust-root remove internal'],
  run: remove,
};

async function add(invocation: Invocation): Promise<Answer> {
  const { options, output } = invocation;
  const name = readArgument(invocation, 0);
  const source = await readSource(options);
  const client = await connectAuthenticated(invocation);
  const added = await client.request('POST', path, { body: { name, ...source.body } });
  if (source.digest === undefined) return describe(added, [`${name} is trusted.`]);
  const head = [`${name} is followed from a root.json with the SHA-256 ${source.digest}.`];
  const refreshed = await client.request('POST', `${pathOf(name)}/refresh`).catch((error: unknown) => {
    if (!(error instanceof ServerRefusal)) throw error;
    output.warn(`nothing was accepted yet: ${error.message}`);
    return added;
  });
  return describe(refreshed, head);
}

async function readSource(options: Options): Promise<{ body: JsonObject; digest?: string }> {
  const [url, root, file] = [options.text('tuf'), options.text('root'), options.text('file')];
  if (file !== undefined && url === undefined && root === undefined) {
    return { body: { trusted_root: await readDocument(file) } };
  }
  if (file !== undefined || url === undefined || root === undefined) {
    throw new Failure('usage', 'expected --tuf and --root, or --file', {
      hint: 'the root.json must come another way than from the repository',
    });
  }
  const bytes = await readLocal(root);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const expected = options.text('root-sha256')?.toLowerCase();
  if (expected !== undefined && expected !== digest) {
    throw new Failure('refused', `expected ${root} to have the SHA-256 ${expected}, got ${digest}`);
  }
  const targetsUrl = options.text('targets-url');
  const tuf = {
    ...{ url, root: bytes.toString('base64'), target: options.requiredText('target') },
    ...(targetsUrl !== undefined && { targets_url: targetsUrl }),
  };
  return { body: { tuf }, digest };
}

async function show(invocation: Invocation): Promise<Answer> {
  const name = readArgument(invocation, 0);
  const client = await connectAuthenticated(invocation);
  const document = await client.read(pathOf(name));
  const out = invocation.options.text('out');
  if (out !== undefined) await writeDocument(client, { name, out });
  const head = describe(document, out === undefined ? [] : [`Written to ${out}.`]);
  const inside = document.trusted_root;
  if (typeof inside !== 'object' || inside === null) return head;
  const section = (title: string, member: string, columns: readonly string[]) =>
    objectsOf(asObject(inside), member).length === 0
      ? []
      : ['', title, ...answerTable(asObject(inside), member, columns).lines];
  return {
    document,
    lines: [
      ...head.lines,
      ...section('Certificate authorities', 'certificate_authorities', ['subject', 'uri', 'start', 'end']),
      ...section('Timestamp authorities', 'timestamp_authorities', ['subject', 'uri', 'start', 'end']),
      ...section('Logs', 'logs', ['base_url', 'log_id', 'start', 'end']),
      ...section('Certificate logs', 'certificate_logs', ['base_url', 'log_id', 'start', 'end']),
    ],
  };
}

async function writeDocument(client: Client, { name, out }: { name: string; out: string }): Promise<void> {
  const response = await client.send('GET', `${pathOf(name)}/trusted_root.json`);
  await writeFileAtomically(out, await readBounded(response), 0o644);
}

async function refresh(invocation: Invocation): Promise<Answer> {
  const name = readArgument(invocation, 0);
  const file = invocation.options.text('file');
  const body = file === undefined ? undefined : { trusted_root: await readDocument(file) };
  const client = await connectAuthenticated(invocation);
  const document = body
    ? await client.request('PUT', `${pathOf(name)}/trusted_root.json`, { body })
    : await client.request('POST', `${pathOf(name)}/refresh`);
  return describe(document, [`${name} is up to date.`]);
}

async function remove(invocation: Invocation): Promise<Answer> {
  const name = readArgument(invocation, 0);
  const client = await connectAuthenticated(invocation);
  await invocation.prompt.confirm(`Stop trusting ${name}? Evidence that needs it is refused from now on.`);
  await client.request('DELETE', pathOf(name));
  return { document: { name, removed: true }, lines: [`${name} is not trusted any more.`] };
}

function pathOf(name: string): string {
  return `${path}/${encodeURIComponent(name)}`;
}

async function readDocument(file: string): Promise<string> {
  return (await readLocal(file)).toString('utf8');
}

async function readLocal(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: unknown) => {
    throw new Failure('refused', `${file} cannot be read`, { cause });
  });
}

function describe(document: JsonObject, head: readonly string[]): Answer {
  const { tuf, failure } = document;
  const pairs = [
    ...pairsOf(document, ['name', 'source']),
    ...(tuf ? pairsOf(asObject(tuf), ['url', 'target', 'root_version', 'expires_at', 'next_check_at']) : []),
    ['light', `${textOf(document, 'light')}: ${textOf(document, 'light_reason')}`] as const,
    ...pairsOf(document, ['light_since', 'sha256', 'accepted_at', 'checked_at']),
    ...(failure ? [['failure', textOf(asObject(failure), 'message')] as const] : []),
  ];
  return { document, lines: [...head, ...formatPairs(pairs)] };
}

function pairsOf(object: JsonObject, names: readonly string[]): readonly (readonly [string, string])[] {
  return names.map((name) => [name, cellOf(object, name)] as const);
}
