/** `signpost webhook test`, `deliveries` and `replay`: what was posted, and what is to be posted again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { type JsonObject, objectsOf, textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerPairs, answerTable } from '../answers.ts';
import { pathOf } from './webhook.ts';

const example = '0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e';
const delivery = '0195f3b0-8d2f-7e8b-ae4a-1c6f4b2d3e5f';

/** `signpost webhook test`. */
export const webhookTest: CommandSpec = {
  words: 'webhook test',
  arguments: '<id>',
  summary: 'Post a message of type webhook.test, once, and tell what the receiver said',
  examples: [`signpost webhook test ${example}`],
  run: test,
};

/** `signpost webhook deliveries`. */
export const webhookDeliveries: CommandSpec = {
  words: 'webhook deliveries',
  arguments: '<id>',
  summary: 'List what was posted, waits, or was given up in the last 30 days, newest first',
  options: [
    {
      flags: '--state <state>',
      text: 'only these; dead ones were given up',
      choices: ['waiting', 'delivered', 'dead'],
    },
    { flags: '--before <delivery>', text: 'go on after the last one of a page' },
    { flags: '--limit <n>', text: 'so many, 100 at most', fallback: '50' },
  ],
  examples: [`signpost webhook deliveries ${example} --state dead`],
  run: deliveries,
};

/** `signpost webhook replay`. */
export const webhookReplay: CommandSpec = {
  words: 'webhook replay',
  arguments: '<id> [delivery]',
  summary: 'Post again what was given up: one delivery, or all since a time',
  details: [
    'With --since, events of the last seven days that the webhook missed while it was off are posted as well. The messages keep their ids, so a receiver knows those that it has.',
  ],
  options: [
    { flags: '--since <time>', text: 'such as 2026-11-21T09:00:00Z, or 36h or 7d back' },
    { flags: '--delivered', text: 'what was taken, too' },
  ],
  examples: [`signpost webhook replay ${example} --since 2d`, `signpost webhook replay ${example} ${delivery}`],
  run: replay,
};

/** Longer than the server waits for the receiver. */
const testLimitMs = 30_000;

async function test(invocation: Invocation): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const sent = await client.request('POST', `${pathOf(invocation)}/test`);
  const end = invocation.now() + testLimitMs;
  for (;;) {
    const page = await client.read(`${pathOf(invocation)}/deliveries?limit=100`);
    const found = objectsOf(page, 'deliveries').find(({ id }) => id === sent.id) ?? sent;
    if (textOf(found, 'state') === 'delivered') return describe(found, 'The receiver took it.');
    if (textOf(found, 'state') === 'dead') {
      const status = found.last_status === null ? '' : ` with status ${String(found.last_status)}`;
      throw new Failure('refused', `the receiver did not take the message${status}: ${textOf(found, 'last_error')}`);
    }
    if (invocation.now() > end) return describe(found, 'It waits: the vault may be locked (signpost status).');
    await sleep(200);
  }
}

function describe(document: JsonObject, first: string): Answer {
  return answerPairs(document, ['id', 'event_id', 'state', 'last_status', 'last_error'], first);
}

async function deliveries(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const query = new URLSearchParams({ limit: String(options.integer('limit', 1)) });
  for (const name of ['state', 'before']) {
    const value = options.text(name);
    if (value !== undefined) query.set(name, value);
  }
  const client = await connectAuthenticated(invocation);
  const columns = ['id', 'type', 'state', 'attempts', 'event_at', 'next_attempt_at', 'last_status', 'last_error'];
  return answerTable(await client.read(`${pathOf(invocation)}/deliveries?${query}`), 'deliveries', columns);
}

async function replay(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const [since, one] = [options.text('since'), invocation.arguments[1]];
  if ((since === undefined) === (typeof one !== 'string')) {
    throw new Failure('usage', 'expected either a delivery or --since');
  }
  const client = await connectAuthenticated(invocation);
  if (since === undefined) {
    const id = readArgument(invocation, 1);
    const document = await client.request('POST', `${pathOf(invocation)}/deliveries/${encodeURIComponent(id)}/replay`);
    return { document, lines: ['It is under way.'] };
  }
  const body = { since: readTime(since, invocation.now()), delivered: options.flag('delivered') };
  const document = await client.request('POST', `${pathOf(invocation)}/replay`, { body });
  return { document, lines: [`${String(document.replayed)} under way.`] };
}

function readTime(text: string, now: number): string {
  const [, count, unit] = /^(\d{1,4})([hd])$/.exec(text) ?? [];
  const at = count === undefined ? Date.parse(text) : now - Number(count) * (unit === 'h' ? 3_600_000 : 86_400_000);
  if (Number.isFinite(at)) return new Date(at).toISOString();
  throw new Failure('usage', `expected --since to be a time such as 2026-11-21T09:00:00Z, 36h or 7d, got "${text}"`);
}
