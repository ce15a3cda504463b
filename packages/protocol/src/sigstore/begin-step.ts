/** Steps of a verification that run beside each other, and are judged in their order. */

/** Lets a step run on by itself: its refusal counts where it is awaited, and not at all behind another one's. */
export function beginStep<T>(step: Promise<T>): Promise<T> {
  step.catch(() => {});
  return step;
}
