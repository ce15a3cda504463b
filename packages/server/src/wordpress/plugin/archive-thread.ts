/** Reads and unpacks archives of plugins in a thread, with bounded memory and time: what waits for answers goes on meanwhile. */
import { Worker } from 'node:worker_threads';
import type { UnpackLimits } from '../../releases/inspection/budget.ts';
import { createUploadRefusal } from '../../releases/inspection/rules.ts';
import { threadEnvironment } from '../../thread-environment.ts';
import type { PluginEntry } from './archive.ts';
import type { ArchiveAnswer, ArchiveOrder } from './archive-messages.ts';
import type { PluginContent } from './findings.ts';

const maxHeapMb = 256;
const timeLimitMs = 300_000;

/** What `readPlugin` says of the archive at `path`. Throws an `UploadRule`, `inspection-failed` among them. */
export async function readPluginAt(path: string, limits: UnpackLimits): Promise<PluginContent> {
  const answer = await follow({ path, limits, into: undefined });
  if (answer.kind === 'read') return answer.content;
  throw refusalOf(answer);
}

/** Unpacks the archive at `path` as `unpackPlugin` does. Throws as `readPluginAt` does. */
export async function unpackPluginAt(
  path: string,
  limits: UnpackLimits,
  into: string,
): Promise<readonly PluginEntry[]> {
  const answer = await follow({ path, limits, into });
  if (answer.kind === 'unpacked') return answer.entries;
  throw refusalOf(answer);
}

function refusalOf(answer: ArchiveAnswer): Error {
  if (answer.kind === 'refused') return createUploadRefusal(answer.rule, answer.message);
  return new TypeError(`expected another answer than ${answer.kind}`);
}

async function follow(order: ArchiveOrder): Promise<ArchiveAnswer> {
  const worker = new Worker(new URL('./archive-worker.ts', import.meta.url), {
    workerData: order,
    env: threadEnvironment(),
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
  });
  try {
    return await new Promise((resolve, reject) => {
      const fail = (cause: unknown) => reject(createUploadRefusal('inspection-failed', 'the reading broke off', cause));
      const timer = setTimeout(() => fail(new Error(`expected an answer within ${timeLimitMs} ms`)), timeLimitMs);
      worker.on('message', (answer: ArchiveAnswer) => resolve(answer));
      worker.on('error', fail);
      worker.on('exit', (code) => {
        clearTimeout(timer);
        fail(new Error(`the thread ended with code ${code}`));
      });
    });
  } finally {
    await worker.terminate();
  }
}
