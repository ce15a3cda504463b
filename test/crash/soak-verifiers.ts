/** Listeners of a soak that are clients in full: they verify each signature, and come back by themselves, over both ways. */
import { subscribe } from '@signpost/protocol/client/subscribe/subscribe';
import { MemoryStore } from '../../packages/protocol/test/client/world.ts';
import type { SoakOrder } from './soak-orders.ts';

/** One of them. */
export interface Verifier {
  /** The number of the last message. */
  message: number | undefined;
  isConnected: boolean;
}

/** Starts as many as the order says, which tell `note` of whatever should not be. */
export function startVerifiers(
  { port, roots, verifiers }: SoakOrder & { kind: 'listen' },
  note: (finding: string) => void,
): readonly Verifier[] {
  return Array.from({ length: verifiers }, (_, index) => {
    const verifier: Verifier = { message: undefined, isConnected: false };
    const way = index % 2 === 0 ? 'event-stream' : 'web-socket';
    const subscription = subscribe({
      ...{ base: `http://127.0.0.1:${port}`, roots, store: new MemoryStore(), fetch, now: Date.now },
      ...{ channels: ['app.soak'], transports: [way] },
      onFrame: ({ known }) => {
        const message = Number(known.data?.message);
        if (verifier.message !== undefined && message !== verifier.message + 1) {
          note(`a client was told message ${message} after ${verifier.message}`);
        }
        verifier.message = message;
      },
      onGap: ({ reason }) => note(`a client was told of a gap: ${reason}`),
      onConnection: ({ kind }) => {
        verifier.isConnected = kind === 'open';
      },
      onRefused: (reason) => {
        // What comes again after a cut is no fault.
        if (reason === 'bad_signature' || reason === 'malformed') note(`a client refused a frame: ${reason}`);
      },
    });
    subscription.ended.catch((error: unknown) => note(`a client gave up: ${error}`));
    return verifier;
  });
}
