/** The thread in which one file is judged. It reads the file, answers, and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { Refusal } from '../../errors.ts';
import { FileSource } from './byte-source.ts';
import { judgeFile } from './judge-file.ts';
import type { UploadRule } from './rules.ts';
import { yieldToOthers } from './thread-priority.ts';
import type { InspectionAnswer, InspectionOrder } from './worker-messages.ts';

yieldToOthers();
const order: InspectionOrder = workerData;
parentPort?.postMessage(await inspect(order));

async function inspect({ path, request }: InspectionOrder): Promise<InspectionAnswer> {
  const source = FileSource.open(path);
  try {
    return { kind: 'accepted', inspection: await judgeFile(source, request, createReporter()) };
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'upload_refused') throw error;
    return { kind: 'refused', rule: error.rule as UploadRule, message: error.message };
  } finally {
    source.close();
  }
}

/** Tells the parent about whole percents only. */
function createReporter(): (part: number) => void {
  let told = 0;
  return (part) => {
    const percent = Math.min(100, Math.floor(part * 100));
    if (percent <= told) return;
    told = percent;
    const answer: InspectionAnswer = { kind: 'progress', part };
    parentPort?.postMessage(answer);
  };
}
