/** `signpost wordpress deploy` and its like: a release goes to the plugin's repository, once somebody has seen what changes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { asObject, cellOf, type JsonObject, objectsOf, textOf } from '../../http/answer.ts';
import { type Client, interruption } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatTable } from '../../terminal/table.ts';
import { describeDiff } from './diff.ts';

/** `signpost wordpress deploy`. */
export const wordpressDeploy: CommandSpec = {
  words: 'wordpress deploy',
  arguments: '<slug> <version>',
  summary:
    'Prepare the deploy of a release to the directory of plugins, show what would change, and commit it once confirmed',
  details: [
    'Trunk is replaced by what the archive holds, copied to tags/VERSION, and both are committed as one revision. The digest of the diff stands for exactly that commit: where trunk has moved since, nothing is committed.',
    'At a terminal the diff is confirmed there. In scripts the command prints it and ends; signpost wordpress confirm commits it.',
  ],
  options: [{ flags: '--files-only', text: 'list the files alone, without the changes of their text' }],
  examples: ['signpost wordpress deploy my-plugin 1.2.0'],
  run: deploy,
};

/** `signpost wordpress confirm`. */
export const wordpressConfirm: CommandSpec = {
  words: 'wordpress confirm',
  arguments: '<slug>',
  summary: 'Commit the deploy that was prepared, exactly as its diff was shown',
  options: [{ flags: '--diff <digest>', text: 'the digest that signpost wordpress deploy printed', required: true }],
  examples: [`signpost wordpress confirm my-plugin --diff ${'3f'.repeat(32)}`],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    return confirm(
      invocation,
      client,
      await requireInFlight(invocation, client),
      invocation.options.requiredText('diff'),
    );
  },
};

/** `signpost wordpress status`. */
export const wordpressStatus: CommandSpec = {
  words: 'wordpress status',
  arguments: '<slug>',
  summary: 'List the deploys of a plugin, and what became of them',
  examples: ['signpost wordpress status my-plugin'],
  run: async (invocation) => {
    const document = await (await connectAuthenticated(invocation)).read(pathOf(invocation));
    const names = ['version', 'state', 'stage', 'revision', 'created_at'];
    const rows = objectsOf(document, 'deploys').map((row) => [
      ...names.map((name) => cellOf(row, name)),
      describeFailure(row),
    ]);
    return { document, lines: formatTable([...names, 'failure'], rows) };
  },
};

/** `signpost wordpress cancel`. */
export const wordpressCancel: CommandSpec = {
  words: 'wordpress cancel',
  arguments: '<slug>',
  summary: 'Give up the deploy of a plugin that was not confirmed',
  examples: ['signpost wordpress cancel my-plugin'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    const { id } = await requireInFlight(invocation, client);
    const document = await client.request('POST', `${pathOf(invocation)}/${id}/cancel`);
    return { document, lines: [`The deploy of ${textOf(document, 'version')} is cancelled.`] };
  },
};

const pollMs = 500;
/** In their order. */
const stages = ['requested', 'unpacking', 'fetching', 'comparing', 'committing', 'sending'];

async function deploy(invocation: Invocation): Promise<Answer> {
  const { prompt, output, options } = invocation;
  const client = await connectAuthenticated(invocation);
  const body = { version: readArgument(invocation, 1) };
  const asked = await client.request('POST', pathOf(invocation), { body });
  const prepared = await follow(invocation, client, { id: textOf(asked, 'id'), while: ['requested', 'preparing'] });
  if (textOf(prepared, 'state') !== 'awaiting_confirmation') return describeEnd(prepared);
  const digest = textOf(prepared, 'diff_digest');
  const lines = [...describeDiff(asObject(prepared.diff), { text: !options.flag('files-only') }), `digest ${digest}`];
  if (!prompt.isInteractive) {
    const next = `signpost wordpress confirm ${readArgument(invocation, 0)} --diff ${digest}`;
    return { document: prepared, lines: [...lines, `Commit it: ${next}`] };
  }
  output.show(lines);
  await prompt.confirm(`Commit this to ${textOf(prepared, 'repository')}?`);
  return confirm(invocation, client, prepared, digest);
}

async function confirm(invocation: Invocation, client: Client, { id }: JsonObject, digest: string): Promise<Answer> {
  const body = { diff_digest: digest };
  await client.request('POST', `${pathOf(invocation)}/${id}/confirm`, { body });
  return describeEnd(await follow(invocation, client, { id: String(id), while: ['committing'] }));
}

/** Asks until the deploy is in another state than these. */
async function follow(
  invocation: Invocation,
  client: Client,
  wanted: { readonly id: string; readonly while: readonly string[] },
): Promise<JsonObject> {
  const interrupted = new AbortController();
  void invocation.interrupted().then(() => interrupted.abort());
  for (;;) {
    const row = await client.read(`${pathOf(invocation)}/${wanted.id}`);
    if (!wanted.while.includes(textOf(row, 'state'))) {
      invocation.progress.finish();
      return row;
    }
    const stage = row.stage === null ? textOf(row, 'state') : textOf(row, 'stage');
    invocation.progress.update(stage, Math.max(stages.indexOf(stage), 0), stages.length, 'steps');
    await sleep(pollMs, undefined, { signal: interrupted.signal }).catch((cause: unknown) => {
      invocation.progress.finish();
      throw interruption(cause);
    });
  }
}

async function requireInFlight(invocation: Invocation, client: Client): Promise<JsonObject> {
  const { deploys = [] } = await client
    .read(pathOf(invocation))
    .then((document) => ({ deploys: objectsOf(document, 'deploys') }));
  const open = deploys.find((row) => row.ended_at === null);
  if (open) return open;
  throw new Failure('refused', 'expected a deploy in flight, got none', {
    hint: 'signpost wordpress deploy SLUG VERSION',
  });
}

function describeEnd(row: JsonObject): Answer {
  const version = textOf(row, 'version');
  if (textOf(row, 'state') === 'deployed') {
    return {
      document: row,
      lines: [`${version} is deployed: revision ${cellOf(row, 'revision')} of ${textOf(row, 'repository')}.`],
    };
  }
  const failure = row.failure === null ? [] : [describeFailure(row), `hint: ${textOf(asObject(row.failure), 'hint')}`];
  return {
    document: row,
    lines: [`The deploy of ${version} is ${textOf(row, 'state')}.`, ...failure],
    reason: 'refused',
  };
}

function describeFailure(row: JsonObject): string {
  if (row.failure === null) return '-';
  const failure = asObject(row.failure);
  return `${textOf(failure, 'message').replaceAll(/\s+/g, ' ')} [${textOf(failure, 'rule')}]`;
}

function pathOf(invocation: Invocation): string {
  return `/api/projects/${encodeURIComponent(readArgument(invocation, 0))}/wordpress/deploys`;
}
