/** The thread that copies pages from the log to the database. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';
import type { Copied } from './checkpoints.ts';

parentPort?.on('message', (path: string) => {
  try {
    copyPages(path);
  } finally {
    parentPort?.postMessage('copied' satisfies Copied);
  }
});

/** Twice: while most of them are copied and flushed, others are committed. */
function copyPages(path: string): void {
  // Open only meanwhile: the last one that has a database open tidies up when it closes it.
  const file = new DatabaseSync(path, { defensive: true });
  try {
    for (let pass = 0; pass < 2; pass++) file.exec('pragma wal_checkpoint(passive)');
  } finally {
    file.close();
  }
}
