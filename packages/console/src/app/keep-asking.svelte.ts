/** Asks again and again as long as the server works on something. */
import type { Resource } from './resource.svelte.ts';

/** Reloads `resource` so long after each answer that `isMoving` says may change by itself. Call it while a component is set up. */
export function keepAsking<T>(resource: Resource<T>, isMoving: (value: T) => boolean, pauseMs = 1000): void {
  $effect(() => {
    if (resource.loading || resource.value === undefined || !isMoving(resource.value)) return undefined;
    const timer = setTimeout(resource.reload, pauseMs);
    return () => clearTimeout(timer);
  });
}
