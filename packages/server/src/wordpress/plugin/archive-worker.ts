/** The thread in which one archive of a plugin is read or unpacked. It answers, and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { Refusal } from '../../errors.ts';
import { FileSource } from '../../releases/inspection/byte-source.ts';
import type { UploadRule } from '../../releases/inspection/rules.ts';
import { yieldToOthers } from '../../releases/inspection/thread-priority.ts';
import { readPlugin, unpackPlugin } from './archive.ts';
import type { ArchiveAnswer, ArchiveOrder } from './archive-messages.ts';

yieldToOthers();
const order: ArchiveOrder = workerData;
parentPort?.postMessage(await follow(order));

async function follow({ path, limits, into }: ArchiveOrder): Promise<ArchiveAnswer> {
  const source = FileSource.open(path);
  try {
    if (into === undefined) return { kind: 'read', content: await readPlugin(source, limits) };
    return { kind: 'unpacked', entries: await unpackPlugin(source, limits, into) };
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'upload_refused') throw error;
    return { kind: 'refused', rule: error.rule as UploadRule, message: error.message };
  } finally {
    source.close();
  }
}
