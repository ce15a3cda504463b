/** Somebody between a site and its server. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Somebody between the site and the server, who changes what they like. */
export async function startMiddle(target: string) {
  const tampering = new Map<string, (body: Buffer) => Buffer>();
  const dropped = new Set<string>();
  const server = createServer(async (request, response) => {
    const path = request.url ?? '/';
    const answer = await fetch(`${target}${path}`);
    const body = Buffer.from(await answer.arrayBuffer());
    const [, tamper] =
      [...tampering].find(([start]) => path === start || (start.endsWith('/') && path.startsWith(start))) ?? [];
    const sent = tamper ? tamper(body) : body;
    const type = answer.headers.get('content-type') ?? 'application/octet-stream';
    // Without a length, WordPress keeps the frames of HTTP in the file that it streams to.
    const signature = dropped.has('x-content-signature') ? null : answer.headers.get('x-content-signature');
    const signed = signature === null ? {} : { 'x-content-signature': signature };
    const headers = { 'content-type': type, 'content-length': sent.length, ...signed };
    response.writeHead(tamper ? 200 : answer.status, headers);
    response.end(sent);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { base: `http://127.0.0.1:${port}`, tampering, dropped, stop: () => server.close() };
}
