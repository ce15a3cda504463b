/** A receiver of webhooks on this machine that answers as it is told, and remembers what it got. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message that came. */
interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly json: {
    readonly type: string;
    readonly timestamp: string;
    readonly data: Readonly<Record<string, unknown>>;
  };
}

/** The receiver. `answer` may be exchanged at any time. */
export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  answer: (message: Received, response: ServerResponse) => void;
  close(): Promise<void>;
}

/** Opens one that takes everything. */
export async function openReceiver(host = '127.0.0.1'): Promise<Receiver> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const message: Received = {
        ...{ path: request.url ?? '', headers: flatten(request.headers), body },
        get json() {
          return JSON.parse(body);
        },
      };
      receiver.received.push(message);
      receiver.answer(message, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const receiver: Receiver = {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    received: [],
    answer: (_, response) => void response.writeHead(204).end(),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

/** Answers with a status, and headers perhaps. */
export function say(status: number, headers: Readonly<Record<string, string>> = {}): Receiver['answer'] {
  return (_, response) => void response.writeHead(status, headers).end('a body that nobody keeps');
}

function flatten(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
