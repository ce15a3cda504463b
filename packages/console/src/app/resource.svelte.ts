/** What a page has asked the server for: still on its way, there, or refused. */
import { type ProblemDetails, problemOf } from '../api/problem.ts';

/** The state of a question. What was there before stays while it is asked again. */
export interface Resource<T> {
  readonly value: T | undefined;
  readonly problem: ProblemDetails | undefined;
  /** The first answer has not come yet, or a new one is on its way. */
  readonly loading: boolean;
  /** Asks again. */
  reload(): void;
}

/**
 * Asks when the component is there, and again whenever something reactive that `ask` reads before its first `await` has changed; an
 * answer that was overtaken is dropped. Call it while a component is set up.
 * @example const project = createResource((signal) => api.ask('GET /api/projects/{slug}', { path: { slug: params.project }, signal }));
 */
export function createResource<T>(ask: (signal: AbortSignal) => Promise<T>): Resource<T> {
  let answer = $state.raw<{ readonly value?: T; readonly problem?: ProblemDetails }>({});
  let loading = $state(true);
  let round = $state(0);
  $effect(() => {
    void round;
    const controller = new AbortController();
    const { signal } = controller;
    loading = true;
    ask(signal).then(
      (value) => {
        if (signal.aborted) return;
        answer = { value };
        loading = false;
      },
      (error: unknown) => {
        if (signal.aborted) return;
        answer = { problem: problemOf(error) };
        loading = false;
      },
    );
    return () => controller.abort();
  });
  return {
    get value() {
      return answer.value;
    },
    get problem() {
      return answer.problem;
    },
    get loading() {
      return loading;
    },
    reload: () => {
      round += 1;
    },
  };
}
