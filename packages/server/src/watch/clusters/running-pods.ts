/** The pods of a cluster as they are now, in memory, and what of them was recorded last. */
import { measurePod, type RunningContainer, type RunningPod } from './pod.ts';
import type { SeenRunning } from './running/record.ts';

/** See the file. */
export class RunningPods {
  readonly #pods = new Map<string, { readonly containers: readonly RunningContainer[]; readonly bytes: number }>();
  readonly #maxBytes: number;
  #bytes = 0;
  #recorded = new Map<string, RunningContainer>();
  #isChanged = false;

  /** `maxBytes`: of memory, as `measurePod` counts. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** A pod is as it says; what it was stands until the next list where that cannot be read. False: there is no room for it. */
  put(pod: RunningPod): boolean {
    const { uid, containers, isUnread } = pod;
    if (isUnread) return true;
    const bytes = containers.length === 0 ? 0 : measurePod(pod);
    if (this.#bytes - (this.#pods.get(uid)?.bytes ?? 0) + bytes > this.#maxBytes) return false;
    this.delete(uid);
    this.#isChanged = true;
    if (bytes > 0) this.#pods.set(uid, { containers, bytes });
    this.#bytes += bytes;
    return true;
  }

  /** A pod is no more. */
  delete(uid: string): void {
    this.#bytes -= this.#pods.get(uid)?.bytes ?? 0;
    this.#isChanged = this.#pods.delete(uid) || this.#isChanged;
  }

  /** All of them, each place once, to be recorded whole. */
  takeAll(): SeenRunning {
    this.#recorded = this.#index();
    this.#isChanged = false;
    return { seen: [...this.#recorded.values()], ended: 'others' };
  }

  /** What is new and what ended since it was taken last; undefined: nothing. */
  takeChanges(): SeenRunning | undefined {
    if (!this.#isChanged) return undefined;
    const before = this.#recorded;
    const now = this.#index();
    this.#recorded = now;
    this.#isChanged = false;
    const seen = [...now].flatMap(([key, one]) => (before.get(key)?.state === one.state ? [] : [one]));
    const ended = [...before].flatMap(([key, one]) => (now.has(key) ? [] : [one]));
    return seen.length + ended.length === 0 ? undefined : { seen, ended };
  }

  #index(): Map<string, RunningContainer> {
    const all = new Map<string, RunningContainer>();
    for (const { containers } of this.#pods.values()) for (const one of containers) all.set(keyOf(one), one);
    return all;
  }
}

function keyOf({ namespace, workload, container, reference, digest }: RunningContainer): string {
  return JSON.stringify([namespace, workload, container, reference, digest]);
}
