/** The peers of the fan-out in Node, each as its documentation shows it. Run as a child process, with the peer's name. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { argv } from 'node:process';
import { createChannel, createSession } from 'better-sse';
import { Server as SocketIoServer } from 'socket.io';
import { WebSocketServer } from 'ws';

type Broadcast = (text: string) => void;

const peers: Readonly<Record<string, (server: Server) => Broadcast>> = {
  ws: (server) => {
    const sockets = new WebSocketServer({ server });
    return (text) => {
      for (const socket of sockets.clients) socket.send(text);
    };
  },
  'socket.io': (server) => {
    const io = new SocketIoServer(server, { transports: ['websocket'], pingInterval: 600_000 });
    return (text) => io.emit('frame', text);
  },
  'better-sse': (server) => {
    const channel = createChannel();
    server.on('request', (request, response) => {
      void createSession(request, response, { serializer: String }).then((session) => channel.register(session));
    });
    return (text) => channel.broadcast(text, 'frame');
  },
};

const open = peers[argv[2] ?? ''];
if (!open) throw new Error(`expected one of ${Object.keys(peers).join(', ')}, got ${argv[2]}`);
const server = createServer();
const broadcast = open(server);
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () =>
  process.send?.((server.address() as AddressInfo).port),
);
process.on('message', (texts: readonly string[]) => {
  for (const text of texts) broadcast(text);
});
process.once('disconnect', () => process.exit());
