/** One check at a time: a new file ends the check of the one before it, and waits until that has ended. */

/** Runs `task` when it is alone; its signal tells that a later one waits. What a later one overtook while it waited is not begun. */
export type TakeTurn = (task: (signal: AbortSignal) => Promise<void>) => Promise<void>;

/** Two checks at once would write one state over the other, and the slower one would speak of the wrong file. */
export function createTurns(): TakeTurn {
  let running = new AbortController();
  let last: Promise<void> = Promise.resolve();
  return (task) => {
    running.abort();
    running = new AbortController();
    const { signal } = running;
    const turn = last.then(() => (signal.aborted ? undefined : task(signal)));
    last = turn.catch(() => undefined);
    return turn;
  };
}
