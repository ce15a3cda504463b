/** `signpost wordpress preflight …`: what tools find in a release before it is deployed. */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { asObject, cellOf, type JsonObject } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatPairs } from '../../terminal/table.ts';
import { describeReport, followPreflight, preflightPath } from './preflight-report.ts';

const releaseArguments = '<slug> <version>';
const gateChoices = ['off', 'soft', 'hard', 'default'];
const ends =
  'The command ends with 1 when a hard gate keeps the release from being deployed, and with 0 when only soft ones are left to be acknowledged.';

/** `signpost wordpress preflight run`. */
export const wordpressPreflightRun: CommandSpec = {
  words: 'wordpress preflight run',
  arguments: releaseArguments,
  summary:
    'Have the tools look at a release, and wait for what they find; uploads and deploys begin this by themselves',
  details: [ends, 'Ctrl-C ends the waiting, not the run.'],
  examples: ['signpost wordpress preflight run my-plugin 1.2.0'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    await client.request('POST', preflightPath(invocation));
    return conclude(await followPreflight(invocation, client));
  },
};

/** `signpost wordpress preflight show`. */
export const wordpressPreflightShow: CommandSpec = {
  words: 'wordpress preflight show',
  arguments: releaseArguments,
  summary: 'Show what the tools found in a release, or how far they are',
  details: [ends],
  examples: ['signpost wordpress preflight show my-plugin 1.2.0'],
  run: async (invocation) => conclude(await (await connectAuthenticated(invocation)).read(preflightPath(invocation))),
};

/** `signpost wordpress preflight cancel`. */
export const wordpressPreflightCancel: CommandSpec = {
  words: 'wordpress preflight cancel',
  arguments: releaseArguments,
  summary: 'Give up a run of the tools; the report before it counts again',
  examples: ['signpost wordpress preflight cancel my-plugin 1.2.0'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    const document = await client.request('POST', `${preflightPath(invocation)}/cancel`);
    return { document, lines: [`The pre-flight of ${readArgument(invocation, 1)} is cancelled.`] };
  },
};

/** `signpost wordpress preflight settings`. */
export const wordpressPreflightSettings: CommandSpec = {
  words: 'wordpress preflight settings',
  arguments: '<slug>',
  summary: 'Show or set what the tools may keep from being deployed: off, soft (to be acknowledged) or hard',
  details: ['What is not named stays as it is; default takes a setting back to what the server has.'],
  options: [
    { flags: '--php-version <version>', text: 'the PHP that files must parse with: 7.4, 8.0 and so on, or default' },
    { flags: '--security <gate>', text: 'rules against break-ins', choices: gateChoices },
    { flags: '--php <gate>', text: 'whether the files parse', choices: gateChoices },
    { flags: '--standard <gate>', text: 'the standard that the operator has set up', choices: gateChoices },
    { flags: '--plugin-check <gate>', text: "WordPress' own Plugin Check", choices: gateChoices },
  ],
  examples: [
    'signpost wordpress preflight settings my-plugin',
    'signpost wordpress preflight settings my-plugin --php-version 8.0 --standard hard',
  ],
  run: settings,
};

/** The API's names by those of the options. */
const tools = { security: 'security', php: 'php', standard: 'standard', 'plugin-check': 'plugin_check' } as const;

async function settings(invocation: Invocation): Promise<Answer> {
  const path = `/api/projects/${encodeURIComponent(readArgument(invocation, 0))}/wordpress/preflight`;
  const client = await connectAuthenticated(invocation);
  const before = await client.read(path);
  const body = describeWish(invocation, asObject(before.chosen));
  return describeSettings(body ? await client.request('PUT', path, { body }) : before);
}

/** What is set already with what the options name; undefined when they name nothing. */
function describeWish({ options }: Invocation, chosen: JsonObject): JsonObject | undefined {
  const version = options.text('php-version');
  const named = Object.entries(tools).map(([option, tool]) => [tool, options.text(option)] as const);
  if (version === undefined && named.every(([, gate]) => gate === undefined)) return undefined;
  const gates: Record<string, string> = {};
  for (const [tool, gate] of [...Object.entries(asObject(chosen.gates)), ...named]) {
    if (gate === 'default') delete gates[tool];
    else if (typeof gate === 'string') gates[tool] = gate;
  }
  const kept = version === undefined ? (chosen.php_version ?? null) : version === 'default' ? null : version;
  return { php_version: kept, gates };
}

function describeSettings(document: JsonObject): Answer {
  const [gates, setUp] = [asObject(document.gates), asObject(document.set_up)];
  const lines = Object.values(tools).map((tool): [string, string] => [
    tool,
    `${cellOf(gates, tool)}${setUp[tool] === true ? '' : ' (not set up on this server)'}`,
  ]);
  return { document, lines: formatPairs([['php_version', cellOf(document, 'php_version')], ...lines]) };
}

function conclude(document: JsonObject): Answer {
  const lines = describeReport(document);
  return { document, lines, ...(document.verdict === 'refused' && { reason: 'refused' as const }) };
}
