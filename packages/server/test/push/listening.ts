/** A listener as simple as can be: reads an event stream and keeps what came. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { parseFrame } from '@signpost/protocol/frames/frame';

/** One event of a stream. */
interface StreamEvent {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: string;
}

/** An open stream. */
export interface Listening {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly events: StreamEvent[];
  /** The frames of the log that came: no heartbeats and no snapshots. */
  frames(): string[];
  /** Resolves when `holds` does; rejects after two minutes. */
  until(holds: () => boolean): Promise<void>;
  readonly ended: Promise<void>;
  readonly response: IncomingMessage;
  close(): void;
}

/** Opens a stream. An answer that is none has its body as the data of one event. */
export async function listen(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Listening> {
  const { asked, response } = await ask(url, headers);
  const events: StreamEvent[] = [];
  const watchers = new Set<() => void>();
  let rest = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    const parts = `${rest}${chunk}`.split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const event = parseEvent(part);
      if (event) events.push(event);
    }
    for (const look of watchers) look();
  });
  const ended = new Promise<void>((resolve) => {
    response.on('close', () => {
      if (rest !== '') events.push({ event: undefined, id: undefined, data: rest });
      resolve();
    });
  });
  response.on('error', () => undefined);
  return {
    ...{ status: response.statusCode ?? 0, headers: response.headers, events, ended, response },
    frames: () => events.filter(({ event, data }) => event === undefined && isLogged(data)).map(({ data }) => data),
    until: (holds) => waitUntil(watchers, holds),
    close: () => asked.destroy(),
  };
}

/** Whether a frame is part of the log. */
export function isLogged(text: string): boolean {
  const { type } = parseFrame(text).payload;
  return type !== 'heartbeat' && type !== 'snapshot' && type !== 'session.answered';
}

async function waitUntil(watchers: Set<() => void>, holds: () => boolean): Promise<void> {
  if (holds()) return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('expected something to come within two minutes')), 120_000);
    const look = () => {
      if (!holds()) return;
      clearTimeout(timer);
      watchers.delete(look);
      resolve();
    };
    watchers.add(look);
  });
}

function ask(url: string, headers: Readonly<Record<string, string>>) {
  return new Promise<{ asked: ClientRequest; response: IncomingMessage }>((resolve, reject) => {
    const asked = request(url, { headers, agent: false }, (response) => resolve({ asked, response }));
    asked.on('error', reject);
    asked.end();
  });
}

function parseEvent(text: string): StreamEvent | undefined {
  const fields = new Map(text.split('\n').map((line) => line.split(/: (.*)/, 2) as [string, string]));
  const data = fields.get('data');
  return data === undefined ? undefined : { event: fields.get('event'), id: fields.get('id'), data };
}
