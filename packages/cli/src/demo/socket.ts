/** Whether something listens at an address. */
import { connect } from 'node:net';

/** Tries to connect to a socket path or `host:port`; nothing is said, and a second of silence counts as nobody. */
export function isListening(address: string): Promise<boolean> {
  const place = /^(.+):(\d{1,5})$/.exec(address);
  return new Promise((resolve) => {
    const socket = place ? connect({ host: place[1] ?? '', port: Number(place[2]) }) : connect({ path: address });
    const answer = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.setTimeout(1_000, () => answer(false));
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
