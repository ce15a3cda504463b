/** The thread in which a snapshot is read. It hands over a batch at a time, and ends. */
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { TrustError } from '@signpost/protocol/errors';
import type { ImportAnswer, ImportOrder } from './import-messages.ts';
import type { OsvRecord } from './osv.ts';
import { readSnapshot } from './read-snapshot.ts';

/** Records in one message, and in one transaction. */
const batchSize = 500;

const { path, ecosystem }: ImportOrder = workerData;
try {
  let batch: OsvRecord[] = [];
  for await (const record of readSnapshot(path, ecosystem)) {
    if (batch.push(record) < batchSize) continue;
    await handOver(batch);
    batch = [];
  }
  if (batch.length > 0) await handOver(batch);
  answer({ kind: 'done' });
} catch (error) {
  if (!(error instanceof TrustError)) throw error;
  answer({ kind: 'refused', message: error.message });
} finally {
  parentPort?.close();
}

async function handOver(records: readonly OsvRecord[]): Promise<void> {
  if (!parentPort) return;
  const acknowledged = once(parentPort, 'message');
  answer({ kind: 'records', records });
  await acknowledged;
}

function answer(message: ImportAnswer): void {
  parentPort?.postMessage(message);
}
