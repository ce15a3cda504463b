/** `signpost push channels`, `push publish`, `push create-channel`, `push remove-channel`. */
import { randomUUID } from 'node:crypto';
import { TrustError } from '@signpost/protocol/errors';
import { parseObject } from '@signpost/protocol/json/fields';
import { parseSignableText } from '@signpost/protocol/json/parse';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import type { JsonObject } from '../../http/answer.ts';
import { connect, connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerPairs, answerTable } from '../answers.ts';

/** `signpost push channels`. */
export const pushChannels: CommandSpec = {
  words: 'push channels',
  summary: 'List the channels that you may hear, with their heads and how many listen',
  examples: ['signpost push channels'],
  run: async (invocation) =>
    answerTable(await (await connect(invocation)).read('/api/push/channels'), 'channels', [
      ...['name', 'visibility', 'head', 'oldest', 'listeners', 'epoch'],
    ]),
};

/** `signpost push create-channel`. */
export const pushCreateChannel: CommandSpec = {
  words: 'push create-channel',
  arguments: '<channel>',
  summary: 'Make a channel of your application, such as app.builds',
  options: [
    { flags: '--visibility <who>', text: 'who may hear it', choices: ['public', 'private'], fallback: 'private' },
  ],
  examples: ['signpost push create-channel app.builds --visibility public'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    const body = { name: readArgument(invocation, 0), visibility: invocation.options.requiredText('visibility') };
    return answerPairs(await client.request('POST', '/api/push/channels', { body }), ['name', 'visibility']);
  },
};

/** `signpost push remove-channel`. */
export const pushRemoveChannel: CommandSpec = {
  words: 'push remove-channel',
  arguments: '<channel>',
  summary: 'Remove a channel of your application, with its frames',
  examples: ['signpost push remove-channel app.builds'],
  run: async (invocation) => {
    const name = readArgument(invocation, 0);
    const client = await connectAuthenticated(invocation);
    await invocation.prompt.confirm(`Remove ${name} and all its frames?`);
    await client.request('DELETE', `/api/push/channels/${encodeURIComponent(name)}`);
    return { document: { removed: name }, lines: [`${name} is removed.`] };
  },
};

/** `signpost push publish`. */
export const pushPublish: CommandSpec = {
  words: 'push publish',
  arguments: '<channel> <type>',
  summary: 'Send a frame to all who listen to a channel of your application',
  details: [
    'The server signs it; payloads have at most 1,024 bytes, so send a reference and a digest of what is larger. With the same --idempotency-key it is sent once, however often you try.',
  ],
  options: [
    { flags: '--data <json>', text: 'a JSON object of texts, integers, booleans, lists and objects' },
    { flags: '--idempotency-key <text>', text: 'names this one frame; a random one when left out' },
  ],
  examples: [`signpost push publish app.builds app.finished --data '{"build":7,"result":"green"}'`],
  run: publishFrame,
};

async function publishFrame(invocation: Invocation): Promise<Answer> {
  const [channel, type] = [readArgument(invocation, 0), readArgument(invocation, 1)];
  const data = readData(invocation.options.text('data'));
  const client = await connectAuthenticated(invocation);
  const headers = { 'Idempotency-Key': invocation.options.text('idempotency-key') ?? randomUUID() };
  const body = { type, ...(data === undefined ? {} : { data }) };
  const path = `/api/push/channels/${encodeURIComponent(channel)}/frames`;
  const document = await client.request('POST', path, { body, headers });
  return answerPairs(document, ['sequence', 'epoch'], `Published to ${channel}.`);
}

/** What could not be signed is told here, before it travels. */
function readData(text: string | undefined): JsonObject | undefined {
  if (text === undefined) return undefined;
  try {
    return parseObject(parseSignableText(text), '--data') as JsonObject;
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    throw new Failure('usage', `expected --data to be a JSON object that can be signed: ${error.message}`, {
      hint: 'texts, integers, booleans, lists and non-empty objects; no fractions',
      cause: error,
    });
  }
}
