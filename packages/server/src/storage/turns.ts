/** Work that is taken up again and again: when somebody says so, and after a pause in any case. */

/** A running sequence of turns. */
export interface Turns {
  /** Starts the next turn now, or right after the one that runs. */
  wake(): void;
  /** Resolves when the running turn has ended; no other follows. */
  stop(): Promise<void>;
}

/** Runs `turn` at once and then over and over; it must not throw, and returns the pause until the next one in ms. */
export function startTurns(turn: () => Promise<number>): Turns {
  let stopped = false;
  let woken = false;
  let endPause = () => {};
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      // Waiting for work keeps no process alive.
      const timer = setTimeout(resolve, ms).unref();
      endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const run = async () => {
    while (!stopped) {
      woken = false;
      const ms = await turn();
      if (!stopped && !woken) await pause(ms);
    }
  };
  const ended = run();
  return {
    wake: () => {
      woken = true;
      endPause();
    },
    stop: () => {
      stopped = true;
      endPause();
      return ended;
    },
  };
}

/** Returns a function that runs what it is given one after the other. */
export function createQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  };
}
