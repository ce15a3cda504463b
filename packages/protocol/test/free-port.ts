/** Ports on loopback for programs that cannot choose one. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** A port that nothing listened on a moment ago. */
export async function chooseFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
