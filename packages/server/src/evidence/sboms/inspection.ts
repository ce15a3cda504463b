/** Inspects SBOMs in a thread of its own each, with bounded memory and time. */
import { Worker } from 'node:worker_threads';
import { FairTurns, type TurnLimits, type TurnTaker } from '../../storage/fair-turns.ts';
import { threadEnvironment } from '../../thread-environment.ts';
import type { ComponentColumns } from './component-columns.ts';
import { createSbomRefusal } from './rules.ts';
import type { SbomAnswer, SbomFacts, SbomOrder } from './worker-messages.ts';

/** A document of 64 MiB becomes some hundred MiB of values. */
const maxHeapMb = 1536;

/** A second for each MiB on a slow machine, and the schemas. */
const timeLimitMs = 120_000;

/** One at a time, for its memory. A document waits for one of each other organisation at most. */
const limits: TurnLimits = {
  ...{ running: 1, waiting: 16, waitingOfOne: 4, what: 'SBOMs' },
  ...{ rule: 'sbom-queue-full', retryAfterSeconds: 10 },
};

/** What is kept of a document. */
export interface InspectedSbom {
  readonly facts: SbomFacts;
  /** All but what the document is about. */
  readonly components: readonly ComponentColumns[];
}

/** Judges the file of `order` when it is the organisation's turn. Throws as `FairTurns.run` does, and a Refusal `upload_refused` with an `SbomRefusalRule`. */
export type InspectSbom = (order: SbomOrder, taker: TurnTaker) => Promise<InspectedSbom>;

/** Makes what inspects. One for the process: it bounds the memory that this takes. */
export function createSbomInspection(): InspectSbom {
  const turns = new FairTurns(limits);
  return (order, taker) => turns.run(taker, () => runThread(order));
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
