/** A web server on the loopback that serves what it is told to: honest or not, it is all the same to a client. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What stands at a path: bytes or text, or an answer of its own. */
type Page = string | Uint8Array | ((response: ServerResponse) => void);

/** A running server. */
export interface ReleaseServer {
  readonly base: string;
  /** What is served, by path; everything else is 404. */
  readonly pages: Map<string, Page>;
  /** The paths asked for so far. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** Starts a server on a free port. */
export async function startReleaseServer(): Promise<ReleaseServer> {
  const pages = new Map<string, Page>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    const page = pages.get(request.url ?? '');
    if (page === undefined) response.writeHead(404).end();
    else if (typeof page === 'function') page(response);
    else response.end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    base: `http://127.0.0.1:${port}`,
    pages,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
