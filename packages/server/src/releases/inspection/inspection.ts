/** Inspects an uploaded file; archives in a thread of their own, with bounded memory and time. Nothing is ever unpacked to disk. */
import { Worker } from 'node:worker_threads';
import { Refusal } from '../../errors.ts';
import { threadEnvironment } from '../../thread-environment.ts';
import { FileSource } from './byte-source.ts';
import { describeWhole, type Inspection, type InspectionRequest, judgeType } from './judge-file.ts';
import { createUploadRefusal } from './rules.ts';
import type { InspectionAnswer, InspectionOrder } from './worker-messages.ts';

/** What the thread may keep on its heap: paths of 131,070 entries, and the parser. */
const maxHeapMb = 256;

/**
 * Judges the file at `path` under the name that clients will see, and tells `report` the part done, from 0 to 1. Throws
 * a Refusal `upload_refused` with an `UploadRule`, `inspection-time-limit` and `inspection-failed` among them.
 */
export async function inspectFile(
  file: InspectionRequest & { readonly path: string },
  report: (part: number) => void = () => undefined,
): Promise<Inspection> {
  const { path, ...request } = file;
  const whole = inspectUnopened(path, request);
  if (whole) return whole;
  const order: InspectionOrder = { path, request };
  const worker = new Worker(new URL('./inspect-worker.ts', import.meta.url), {
    workerData: order,
    env: threadEnvironment(),
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
  });
  try {
    return await awaitVerdict(worker, { report, timeLimitMs: request.limits.timeLimitMs });
  } finally {
    await worker.terminate();
  }
}

/**
 * The verdict on a file that is not opened, undefined for an archive. A few hundred bytes decide it, that the disk has just
 * been given; a thread takes a hundred times as long to start.
 */
function inspectUnopened(path: string, request: InspectionRequest): Inspection | undefined {
  try {
    const source = FileSource.open(path);
    try {
      const { mediaType, opened } = judgeType(source, request);
      return opened === undefined ? { mediaType, ...describeWhole(source) } : undefined;
    } finally {
      source.close();
    }
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw createUploadRefusal('inspection-failed', 'the inspection broke off', error);
  }
}

function awaitVerdict(
  worker: Worker,
  options: { report: (part: number) => void; timeLimitMs: number },
): Promise<Inspection> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(createUploadRefusal('inspection-time-limit', `expected a verdict within ${options.timeLimitMs} ms`));
    }, options.timeLimitMs);
    const fail = (cause: unknown): void => {
      clearTimeout(timer);
      reject(createUploadRefusal('inspection-failed', 'the inspection broke off', cause));
    };
    worker.on('message', (answer: InspectionAnswer) => {
      if (answer.kind === 'progress') return options.report(answer.part);
      clearTimeout(timer);
      if (answer.kind === 'accepted') resolve(answer.inspection);
      else reject(createUploadRefusal(answer.rule, answer.message));
    });
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new Error(`the thread ended with code ${code}`)));
  });
}
