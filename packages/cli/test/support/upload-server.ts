/** The upload contract of the server over node:http, with faults on demand: what the client must get along with. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/**
 * What happens to the next part: taken in whole, cut off after half, refused with a status, never answered, taken and
 * then forgotten for the most part, as by a machine that loses power; or, by a malicious server, thrown away, or
 * acknowledged with more bytes than there are.
 */
export type Fault = 'take' | 'cut' | 503 | 'hang' | 'forget' | 'repeat' | 'overshoot';

/** A server that takes one file. */
export interface UploadServer {
  readonly base: string;
  readonly received: () => Buffer;
  /** The offsets at which parts began. */
  readonly offsets: readonly number[];
  readonly created: () => number;
}

/** Starts it on a free port of the loopback. Each part meets the next of `faults`, then none; `undecided` gives no verdict. */
export async function startUploadServer(
  t: Pick<TestContext, 'after'>,
  faults: readonly Fault[],
  { undecided = false }: { undecided?: boolean } = {},
): Promise<UploadServer> {
  const pending = [...faults];
  const state = { bytes: Buffer.alloc(0), size: 0, sha256: '', created: 0, polls: 0 };
  const offsets: number[] = [];
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.headers.authorization !== 'Bearer sgp_test') return problem(response, 401, { code: 'unauthenticated' });
    if (request.method === 'POST') {
      const body = JSON.parse(String(await readAll(request)));
      Object.assign(state, { size: body.size_bytes, sha256: body.sha256, created: state.created + 1 });
      return json(response, 201, describe());
    }
    if (request.method === 'GET') return json(response, 200, describe());
    return takePart(request, response);
  };
  const takePart = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const offset = Number(new URL(request.url ?? '', 'http://x').searchParams.get('offset'));
    offsets.push(offset);
    const fault = pending.shift() ?? 'take';
    if (offset !== state.bytes.length) return problem(response, 409, { code: 'conflict', offset: state.bytes.length });
    if (fault === 'hang') return;
    if (fault === 503) return problem(response, 503, { code: 'unavailable', detail: 'later' });
    const part = await readAll(request);
    if (fault === 'cut') {
      state.bytes = Buffer.concat([state.bytes, part.subarray(0, part.length >> 1)]);
      response.destroy();
      return;
    }
    if (fault === 'repeat') return json(response, 200, describe());
    if (fault === 'overshoot') return json(response, 200, { ...describe(), offset: state.size + 1 });
    state.bytes = Buffer.concat([state.bytes, part]);
    const taken = describe();
    if (fault === 'forget') state.bytes = state.bytes.subarray(0, 1000);
    json(response, 200, taken);
  };
  const describe = () => {
    const whole = state.bytes.length === state.size;
    const same = createHash('sha256').update(state.bytes).digest('hex') === state.sha256;
    const verdict = same ? 'accepted' : 'refused';
    const finished = whole && !undecided && state.polls++ > 1;
    const refusal =
      finished && !same ? { refusal: { rule: 'digest-mismatch', message: 'other bytes', hint: 'send it again' } } : {};
    const name = !whole ? 'receiving' : finished ? verdict : 'inspecting';
    return {
      id: 'u1',
      state: name,
      stage: 'scan',
      progress: 500,
      offset: state.bytes.length,
      size_bytes: state.size,
      ...refusal,
    };
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { base: `http://127.0.0.1:${port}`, received: () => state.bytes, offsets, created: () => state.created };
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

function problem(response: ServerResponse, status: number, members: Record<string, unknown>): void {
  response
    .writeHead(status, { 'Content-Type': 'application/problem+json' })
    .end(JSON.stringify({ status, ...members }));
}
