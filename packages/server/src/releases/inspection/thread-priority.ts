/** Lets threads that compute for long stand back behind the one that answers requests. */
import { constants, getPriority, setPriority } from 'node:os';

/** A third of the share of the others, and only while they want theirs. */
const stepsBack = 5;

/** Lowers the priority of the calling thread. Only Linux has one for each thread; elsewhere it would be the process's. */
export function yieldToOthers(): void {
  if (process.platform !== 'linux') return;
  try {
    // The process may have been told to stand back itself, and root would be allowed to pass it.
    setPriority(Math.min(getPriority() + stepsBack, constants.priority.PRIORITY_LOW));
  } catch {
    // A sandbox may forbid it; nothing but latency depends on it.
  }
}
