/** Ports on loopback for programs that cannot choose one. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below what systems give to outgoing connections and to whoever asks for port 0 (RFC 6335, 6; 32768 to 60999 on Linux), above
 * what most services of a machine have. Browsers connect to all of them.
 */
const range = [20_000, 32_000] as const;

/** A port that nothing listened on a moment ago, and that nobody is given by chance before the program has it. */
export async function chooseFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(...range);
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch {
      continue;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}
