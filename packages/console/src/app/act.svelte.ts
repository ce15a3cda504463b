/** Something that a person does: busy while it runs, with the problem when it was refused. */
import { type ProblemDetails, problemOf } from '../api/problem.ts';

/** One act of a page. */
export interface Act<Given extends readonly unknown[]> {
  readonly busy: boolean;
  readonly problem: ProblemDetails | undefined;
  /** Does it, unless it is being done. Resolves to whether it succeeded. */
  run(...given: Given): Promise<boolean>;
  /** Forgets the problem, as when a dialog closes. */
  clear(): void;
}

/** An act around `work`, which throws `Problem`. */
export function createAct<Given extends readonly unknown[]>(work: (...given: Given) => Promise<unknown>): Act<Given> {
  let busy = $state(false);
  let problem = $state.raw<ProblemDetails | undefined>(undefined);
  return {
    get busy() {
      return busy;
    },
    get problem() {
      return problem;
    },
    async run(...given) {
      if (busy) return false;
      busy = true;
      problem = undefined;
      try {
        await work(...given);
        return true;
      } catch (error) {
        problem = problemOf(error);
        return false;
      } finally {
        busy = false;
      }
    },
    clear: () => {
      problem = undefined;
    },
  };
}
