/** `signpost wordpress deploy` and its like: a release goes to the plugin's repository, once somebody has seen what changes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { asObject, cellOf, type JsonObject, objectsOf, textOf } from '../../http/answer.ts';
import { type Client, interruption, ServerRefusal } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatTable } from '../../terminal/table.ts';
import { describeDiff } from './diff.ts';
import { describeReport, followPreflight, preflightPath, summarizeReport } from './preflight-report.ts';

/** `signpost wordpress deploy`. */
export const wordpressDeploy: CommandSpec = {
  words: 'wordpress deploy',
  arguments: '<slug> <version>',
  summary:
    'Prepare the deploy of a release to the directory of plugins, show what would change, and commit it once confirmed',
  details: [
    'Trunk is replaced by what the archive holds, copied to tags/VERSION, and both are committed as one revision. The digest of the diff stands for exactly that commit: where trunk has moved since, nothing is committed.',
    'At a terminal the diff is confirmed there. In scripts the command prints it and ends; signpost wordpress confirm commits it.',
    'What the pre-flight found is shown with the diff; a hard gate that was not passed ends the command with 1.',
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
  options: [
    { flags: '--diff <digest>', text: 'the digest that signpost wordpress deploy printed', required: true },
    {
      flags: '--acknowledge <report>',
      text: 'the id of the report of the pre-flight, where soft gates were not passed',
    },
  ],
  examples: [`signpost wordpress confirm my-plugin --diff ${'3f'.repeat(32)}`],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    const { options } = invocation;
    const body = { diff_digest: options.requiredText('diff'), ...acknowledge(options.text('acknowledge')) };
    return confirm(invocation, client, await requireInFlight(invocation, client), body);
  },
};

/** `signpost wordpress status`. */
export const wordpressStatus: CommandSpec = {
  words: 'wordpress status',
  arguments: '<slug>',
  summary: 'List the deploys of a plugin, and what became of them',
  examples: ['signpost wordpress status my-plugin'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    const listed = await client.read(pathOf(invocation));
    const newest = objectsOf(listed, 'deploys').find(({ lane }) => lane === 'code');
    const report = newest && (await readReport(invocation, client, textOf(newest, 'version')));
    const document = { ...listed, preflight: report ?? null };
    const names = ['lane', 'version', 'state', 'stage', 'revision', 'created_at'];
    const rows = objectsOf(document, 'deploys').map((row) => [
      ...names.map((name) => cellOf(row, name)),
      describeFailure(row),
    ]);
    const lines = [...formatTable([...names, 'failure'], rows), ...(report ? [summarizeReport(report)] : [])];
    return { document, lines };
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
  const diff = describeDiff(asObject(prepared.diff), { text: !options.flag('files-only') });
  const report = (await readReport(invocation, client)) && (await followPreflight(invocation, client));
  const lines = [...diff, ...(report ? describeReport(report) : []), `digest ${digest}`];
  if (report?.verdict === 'refused') return { document: { ...prepared, preflight: report }, lines, reason: 'refused' };
  const soft = report?.verdict === 'acknowledge' ? textOf(report, 'id') : undefined;
  if (!prompt.isInteractive) {
    const words = soft === undefined ? '' : ` --acknowledge ${soft}`;
    const next = `signpost wordpress confirm ${readArgument(invocation, 0)} --diff ${digest}${words}`;
    return { document: { ...prepared, preflight: report ?? null }, lines: [...lines, `Commit it: ${next}`] };
  }
  output.show(lines);
  if (soft !== undefined) await prompt.confirm('Deploy in spite of what the soft gates found?');
  await prompt.confirm(`Commit this to ${textOf(prepared, 'repository')}?`);
  return confirm(invocation, client, prepared, { diff_digest: digest, ...acknowledge(soft) });
}

function acknowledge(report: string | undefined): JsonObject {
  return report === undefined ? {} : { acknowledged_preflight: report };
}

/** The report of the release; undefined when there is none, as where every tool is off. */
async function readReport(invocation: Invocation, client: Client, version?: string): Promise<JsonObject | undefined> {
  return client.read(preflightPath(invocation, version)).catch((error: unknown) => {
    if (error instanceof ServerRefusal && error.status === 404) return undefined;
    throw error;
  });
}

/** Confirms and follows a deploy to its end. */
export async function confirm(
  invocation: Invocation,
  client: Client,
  { id }: JsonObject,
  body: JsonObject,
): Promise<Answer> {
  await client.request('POST', `${pathOf(invocation)}/${id}/confirm`, { body });
  return describeEnd(await follow(invocation, client, { id: String(id), while: ['committing'] }));
}

/** Asks until the deploy is in another state than these. */
export async function follow(
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

/** The deploy of the lane that is at no end. */
export async function requireInFlight(
  invocation: Invocation,
  client: Client,
  lane: 'code' | 'assets' = 'code',
): Promise<JsonObject> {
  const { deploys = [] } = await client
    .read(pathOf(invocation))
    .then((document) => ({ deploys: objectsOf(document, 'deploys') }));
  const open = deploys.find((row) => row.ended_at === null && row.lane === lane);
  if (open) return open;
  throw new Failure('refused', 'expected a deploy in flight, got none', {
    hint: lane === 'code' ? 'signpost wordpress deploy SLUG VERSION' : 'signpost wordpress assets diff SLUG',
  });
}

/** What became of a deploy; a refusal when it failed. */
export function describeEnd(row: JsonObject): Answer {
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

/** The deploys of the project. */
export function pathOf(invocation: Invocation): string {
  return `/api/projects/${encodeURIComponent(readArgument(invocation, 0))}/wordpress/deploys`;
}
