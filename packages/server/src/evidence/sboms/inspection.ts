/** Inspects SBOMs in a thread of its own each, one after the other, with bounded memory and time. */
import { Worker } from 'node:worker_threads';
import { createQueue } from '../../storage/turns.ts';
import { threadEnvironment } from '../../thread-environment.ts';
import type { ComponentColumns } from './component-columns.ts';
import { createSbomRefusal } from './rules.ts';
import type { SbomAnswer, SbomFacts, SbomOrder } from './worker-messages.ts';

/** A document of 64 MiB becomes some hundred MiB of values. */
const maxHeapMb = 1536;

/** A second for each MiB on a slow machine, and the schemas. */
const timeLimitMs = 120_000;

/** What is kept of a document. */
export interface InspectedSbom {
  readonly facts: SbomFacts;
  /** All but what the document is about. */
  readonly components: readonly ComponentColumns[];
}

/** Judges the file of `order`. Throws a Refusal `upload_refused` with an `SbomRefusalRule`. */
export type InspectSbom = (order: SbomOrder) => Promise<InspectedSbom>;

/** Makes what inspects; whoever comes while a document is inspected waits. */
export function createSbomInspection(): InspectSbom {
  const enqueue = createQueue();
  return (order) => enqueue(() => runThread(order));
}

async function runThread(order: SbomOrder): Promise<InspectedSbom> {
  const worker = new Worker(new URL('./inspect-worker.ts', import.meta.url), {
    workerData: order,
    env: threadEnvironment(),
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
  });
  try {
    return await awaitVerdict(worker);
  } finally {
    await worker.terminate();
  }
}

function awaitVerdict(worker: Worker): Promise<InspectedSbom> {
  const components: ComponentColumns[] = [];
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(createSbomRefusal('sbom-time-limit', `expected a verdict within ${timeLimitMs} ms`));
    }, timeLimitMs);
    const fail = (cause: unknown): void => {
      clearTimeout(timer);
      reject(createSbomRefusal('sbom-inspection-failed', 'the inspection broke off', cause));
    };
    worker.on('message', (answer: SbomAnswer) => {
      if (answer.kind === 'components') {
        for (const component of answer.components) components.push(component);
        return;
      }
      clearTimeout(timer);
      if (answer.kind === 'accepted') resolve({ facts: answer.facts, components });
      else reject(createSbomRefusal(answer.rule, answer.message));
    });
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new Error(`the thread ended with code ${code}`)));
  });
}
