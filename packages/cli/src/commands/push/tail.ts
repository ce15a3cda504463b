/** `signpost tail`: what a listener hears, with its verification. */
import type { ChannelState, Gap } from '@signpost/protocol/client/subscribe/channel-log';
import { type TransportName, transportNames } from '@signpost/protocol/client/subscribe/connection';
import type { DeliveredFrame } from '@signpost/protocol/client/subscribe/receiver';
import { subscribe } from '@signpost/protocol/client/subscribe/subscribe';
import type { ConnectionEvent } from '@signpost/protocol/client/subscribe/subscription';
import { TrustError } from '@signpost/protocol/errors';
import { encodeTime } from '@signpost/protocol/json/time';
import { openClientState, pinOptions } from '../../client/open-updater.ts';
import { type CommandSpec, type Invocation, readArguments } from '../../command.ts';
import { connect } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { JsonValue, Output } from '../../terminal/output.ts';
import { rootExample } from '../client/check.ts';

const defaultChannels = ['releases', 'trust'];

/** `signpost tail`. */
export const tail: CommandSpec = {
  words: 'tail',
  arguments: '[channel...]',
  summary: 'Show signed frames live, each with how it was verified, until Ctrl-C',
  details: [
    'Without channels: releases and trust. Frames are verified under the pinned roots, like updates; gaps, frames that are refused and a silent or withholding server are named. With --json each line is one document.',
    'At the end it says from where on `--since` goes on.',
  ],
  options: [
    { flags: '--since <cursor>', text: 'begin after this position' },
    { flags: '--transport <way>', text: 'the only way to try', choices: transportNames },
    { flags: '--count <n>', text: 'end after so many frames' },
    ...pinOptions,
  ],
  examples: [
    `signpost tail --server https://updates.example.org ${rootExample}`,
    'signpost tail app.builds --since 0123456789abcdef:app.builds.7 --json',
  ],
  run: listen,
};

async function listen(invocation: Invocation): Promise<undefined> {
  const { options, output, now, interrupted } = invocation;
  const { access } = await connect(invocation);
  const count = options.integer('count', 1) ?? Number.POSITIVE_INFINITY;
  let heard = 0;
  let finish: () => void = () => undefined;
  const enough = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const transport = options.text('transport') as TransportName | undefined;
  const subscription = start({
    ...(await openClientState(invocation)),
    ...(transport === undefined ? {} : { transports: [transport] }),
    ...proveWith(access.credential),
    fetch: access.fetch,
    now,
    channels: readChannels(invocation),
    since: options.text('since'),
    ...createReporter(output),
    onFrame: (frame) => {
      if (heard < count) showFrame(output, frame);
      heard++;
      if (heard >= count) finish();
    },
  });
  await Promise.race([subscription.ended, interrupted(), enough]);
  await subscription.close();
  if (subscription.cursor !== undefined) output.note(`Go on with --since ${subscription.cursor}`);
  return undefined;
}

/** Node's own WebSocket takes headers, as those of browsers do not. */
function proveWith(credential: Readonly<Record<string, string>> | undefined) {
  if (credential === undefined) return {};
  const webSocket = class extends WebSocket {
    constructor(url: string, protocols: string) {
      // The types of the Web know no headers here.
      super(url, { protocols, headers: credential } as unknown as string[]);
    }
  };
  return { headers: () => credential, webSocket };
}

/** What cannot be listened to at all was typed wrong. */
function start(options: Parameters<typeof subscribe>[0]): ReturnType<typeof subscribe> {
  try {
    return subscribe(options);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new Failure('usage', error.message, { hint: '`signpost push channels` lists them', cause: error });
  }
}

function readChannels(invocation: Invocation): readonly string[] {
  const given = readArguments(invocation, 0);
  return given.length === 0 ? defaultChannels : given;
}

function createReporter(output: Output) {
  const say = (document: JsonValue, line: string) => output.answer({ document, lines: [line] });
  return {
    onGap: ({ channel, reason, last, next }: Gap) =>
      say({ kind: 'gap', channel, reason, last, next }, `${channel}  GAP (${reason}): after ${last} comes ${next}`),
    onState: (channel: string, state: ChannelState) => say({ kind: 'state', channel, state }, `${channel}  ${state}`),
    onRefused: (reason: string) => {
      if (reason === 'duplicate' || reason === 'replayed') return;
      const hint = reason === 'clock_skew' ? ': compare the clocks of server and this machine' : '';
      say({ kind: 'refused', reason }, `refused a frame (${reason})${hint}`);
    },
    onConnection: (event: ConnectionEvent) => output.note(describeConnection(event)),
  };
}

function showFrame(output: Output, { kid, ts, proof, payload }: DeliveredFrame): void {
  const { channel, sequence, epoch, type, data } = payload;
  const shown = { channel, sequence, epoch, type, data: (data ?? null) as JsonValue };
  const how = proof === 'signature' ? `signed by ${kid.slice(0, 8)}` : 'proven by a later frame';
  output.answer({
    document: { kind: 'frame', ...shown, signed_at: encodeTime(ts), kid, proof },
    lines: [
      `${encodeTime(ts)}  ${channel} ${sequence}  ${type}  ok, ${how}  ${data ? JSON.stringify(data) : ''}`.trimEnd(),
    ],
  });
}

function describeConnection(event: ConnectionEvent): string {
  if (event.kind === 'open') return `listening by ${event.transport}`;
  const { reason, nextInMs } = event;
  const why = reason instanceof Error ? reason.message : 'it ended';
  const code = reason instanceof TrustError ? ` (${reason.code})` : '';
  return `${why}${code}; trying again in ${(nextInMs / 1000).toFixed(1)} s`;
}
