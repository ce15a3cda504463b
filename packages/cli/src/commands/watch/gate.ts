/** `signpost watch check`, `policy`, `propose`: whether something may be used, and what is asked of it. */
import { readFile } from 'node:fs/promises';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { asObject, cellOf, type JsonObject, objectsOf, textOf } from '../../http/answer.ts';
import type { Client } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { type ExitReason, Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatTable } from '../../terminal/table.ts';

const path = '/api/watch/policy';
const maxPolicyBytes = 512 * 1024;
const maxWaitSeconds = 60;

/** `signpost watch check`. */
export const watchCheck: CommandSpec = {
  words: 'watch check',
  arguments: '<reference>',
  summary: 'Ask whether something may be used, by what the watch saw and what people decided',
  details: [
    'The verdict is on a digest: name it (image@sha256:…), or what the name was last seen to lead to is judged. Exit codes: 0 it may, 1 it is denied, 2 it is warned of, 3 nobody knows.',
  ],
  options: [
    { flags: '--environment <name>', text: 'for which rules of the policy are chosen, such as production' },
    {
      flags: '--wait <seconds>',
      text: `have it looked at first, and wait for that, ${maxWaitSeconds} at most`,
      fallback: '0',
    },
    { flags: '--vsa', text: 'print the verdict as a signed verification summary (SLSA) instead' },
  ],
  examples: [
    'signpost watch check ghcr.io/org/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'signpost watch check npm:@scope/name@1.2.3 --environment production --wait 30',
  ],
  run: check,
};

/** `signpost watch policy show`. */
export const watchPolicyShow: CommandSpec = {
  words: 'watch policy show',
  summary: 'Show the policy of gates',
  examples: ['signpost watch policy show --json'],
  run: showPolicy,
};

/** `signpost watch policy set`. */
export const watchPolicySet: CommandSpec = {
  words: 'watch policy set',
  arguments: '<file>',
  summary: 'Put a policy of gates in force, from a JSON file',
  details: ['What is no policy is refused, and the one in force stays. See docs/watch.md.'],
  examples: ['signpost watch policy set gates.json'],
  run: setPolicy,
};

/** `signpost watch propose`. */
export const watchPropose: CommandSpec = {
  words: 'watch propose',
  summary: 'Write a policy that declares what was learned',
  options: [{ flags: '--source <pattern>', text: 'of some sources only, such as oci:ghcr.io/org/*' }],
  examples: ['signpost watch propose > gates.json', 'signpost watch propose --source "npm:@scope/*"'],
  run: propose,
};

/** As `details` of `watch check` says. */
const reasons: Readonly<Record<string, ExitReason>> = { deny: 'refused', warn: 'usage', unknown: 'unavailable' };

async function check(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const reference = readArgument(invocation, 0);
  const wait = Number(options.requiredText('wait'));
  if (!Number.isInteger(wait) || wait < 0 || wait > maxWaitSeconds) {
    throw new Failure('usage', `expected --wait from 0 to ${maxWaitSeconds} seconds`);
  }
  const client = await connectAuthenticated(invocation);
  if (wait > 0) await client.request('POST', '/api/watch/observe', { body: { reference, wait_seconds: wait } });
  const environment = options.text('environment');
  const query = new URLSearchParams({ ref: reference, ...(environment !== undefined && { environment }) });
  if (options.flag('vsa')) return summarise(client, query);
  const document = await client.read(`/api/watch/verdict?${query}`);
  const verdict = textOf(document, 'verdict');
  const reason = reasons[verdict];
  return { document, lines: describe(document), ...(reason && { reason }) };
}

async function summarise(client: Client, query: URLSearchParams): Promise<Answer> {
  const document = await client.read(`/api/watch/verdict/summary?${query}`);
  return { document, lines: [JSON.stringify(document)] };
}

function describe(document: JsonObject): readonly string[] {
  const policy = asObject(document.policy);
  const [verdict, judged] = [textOf(document, 'verdict'), textOf(document, 'judged')];
  const softened = verdict === judged ? '' : `, where the rule would enforce: ${judged}`;
  const rows = objectsOf(document, 'reasons').map((row) => ['effect', 'code', 'text'].map((name) => cellOf(row, name)));
  return [
    `${verdict}: ${textOf(document, 'source')} ${cellOf(document, 'sha256')}`,
    `by rule ${textOf(policy, 'rule')} (${textOf(policy, 'mode')}${softened}), until ${textOf(document, 'expires_at')}`,
    ...(rows.length === 0 ? [] : formatTable(['effect', 'what', 'why'], rows)),
  ];
}

async function showPolicy(invocation: Invocation): Promise<Answer> {
  const document = await (await connectAuthenticated(invocation)).read(path);
  return {
    document,
    lines: [`Version ${cellOf(document, 'version')}.`, JSON.stringify(document.document, undefined, 2)],
  };
}

async function setPolicy(invocation: Invocation): Promise<Answer> {
  const text = await readFile(readArgument(invocation, 0), 'utf8');
  if (text.length > maxPolicyBytes) throw new Failure('usage', `expected at most ${maxPolicyBytes} bytes`);
  const client = await connectAuthenticated(invocation);
  const document = await client.request('PUT', path, { body: parseObject(text) });
  const inForce = `Version ${cellOf(document, 'version')} is in force.`;
  if (document.awaits_second_person !== true) return { document, lines: [inForce] };
  return { document, lines: [`${inForce} A second person has to put the same: two people decided so far.`] };
}

function parseObject(text: string): JsonObject {
  try {
    return asObject(JSON.parse(text));
  } catch (cause) {
    throw new Failure('usage', 'expected a policy in JSON', { cause, hint: 'signpost watch propose writes one' });
  }
}

async function propose(invocation: Invocation): Promise<Answer> {
  const source = invocation.options.text('source');
  const query = source === undefined ? '' : `?source=${encodeURIComponent(source)}`;
  const answer = await (await connectAuthenticated(invocation)).read(`${path}/proposal${query}`);
  const document = asObject(answer.document);
  return { document, lines: JSON.stringify(document, undefined, 2).split('\n') };
}
