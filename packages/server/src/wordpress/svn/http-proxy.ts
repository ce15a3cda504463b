/**
 * The one way out of an `svn` that speaks HTTP: a proxy on loopback that leads to the host of the repository and nowhere else. `svn` follows
 * redirections by itself and would show the password wherever one leads; here they end.
 */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';

/** A proxy that is open until it is closed. */
export interface RepositoryProxy {
  readonly port: number;
  /** Where the repository wanted to send `svn`; undefined when it did not. */
  readonly redirection: () => string | undefined;
  close(): void;
}

/** Opens one for the repository; undefined for `svn://`, whose client follows nobody. */
export async function openProxy(repository: string): Promise<RepositoryProxy | undefined> {
  const { protocol, hostname, port, host } = new URL(repository);
  if (!/^https?:$/.test(protocol)) return undefined;
  let redirection: string | undefined;
  const refuse = (where: string) => {
    redirection ??= where;
  };
  const way: Way = { hostname, port: Number(port || (protocol === 'https:' ? 443 : 80)), host, refuse };
  const server = createServer((asked, answer) => {
    // Over TLS nothing is asked in the clear.
    if (protocol === 'https:') refuseRequest(way, asked, answer);
    else forward(way, asked, answer);
  });
  server.on('connect', (asked: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (protocol === 'https:') tunnel(way, asked, { socket, head });
    else refuseTunnel(way, asked, socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    redirection: () => redirection,
    close: () => close(server),
  };
}

interface Way {
  readonly hostname: string;
  readonly port: number;
  readonly host: string;
  readonly refuse: (where: string) => void;
}

function forward(way: Way, asked: IncomingMessage, answer: ServerResponse): void {
  const url = URL.parse(asked.url ?? '');
  if (url?.protocol !== 'http:' || url.host !== way.host) {
    refuseRequest(way, asked, answer);
    return;
  }
  const { hostname, port } = way;
  const onward = request({
    ...{ hostname: hostname.replace(/^\[|\]$/g, ''), port, method: asked.method, headers: asked.headers },
    path: `${url.pathname}${url.search}`,
  });
  onward.on('response', (came) => {
    const status = came.statusCode ?? 502;
    if (status >= 300 && status < 400 && status !== 304) {
      came.destroy();
      way.refuse(String(came.headers.location ?? 'elsewhere'));
      answer.writeHead(502).end();
      return;
    }
    answer.writeHead(status, came.headers);
    came.on('error', () => answer.destroy());
    came.pipe(answer);
  });
  onward.on('error', () => (answer.headersSent ? answer.destroy() : answer.writeHead(504).end()));
  answer.on('close', () => onward.destroy());
  asked.pipe(onward);
}

function tunnel(way: Way, asked: IncomingMessage, { socket, head }: { socket: Duplex; head: Buffer }): void {
  if (asked.url !== `${way.hostname}:${way.port}`) {
    refuseTunnel(way, asked, socket);
    return;
  }
  const onward = connect(way.port, way.hostname.replace(/^\[|\]$/g, ''), () => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    onward.write(head);
    onward.pipe(socket);
    socket.pipe(onward);
  });
  onward.on('error', () => socket.destroy());
  socket.on('error', () => onward.destroy());
  socket.on('close', () => onward.destroy());
  onward.on('close', () => socket.destroy());
}

function refuseRequest({ refuse }: Way, asked: IncomingMessage, answer: ServerResponse): void {
  refuse(asked.url ?? 'elsewhere');
  answer.writeHead(403).end();
}

function refuseTunnel({ refuse }: Way, asked: IncomingMessage, socket: Duplex): void {
  refuse(asked.url ?? 'elsewhere');
  socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
}

function close(server: Server): void {
  server.close();
  server.closeAllConnections();
}
