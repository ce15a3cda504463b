/** Keeps the public tree beside the database: written after each change, one write at a time. */
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import type { Blobs } from '../../storage/blobs.ts';
import type { Database } from '../../storage/database.ts';
import { createQueue } from '../../storage/turns.ts';
import type { FindSignature } from './detached-signature.ts';
import { writePublicTree } from './public-tree.ts';

/** What the tree is written from. */
interface TreeParts {
  readonly config: Pick<Config, 'dataDir'>;
  readonly database: Database;
  readonly blobs: Blobs;
  readonly now: () => number;
  readonly log: Pick<Logger, 'error'>;
  readonly findSignature: FindSignature;
}

/**
 * Makes what brings the public tree up to date and resolves when it is: one write at a time, and at most one waiting. A
 * failure is logged, since the tree can always be written again from the database.
 */
export function createTreeWriter({ config, log, ...parts }: TreeParts): () => Promise<void> {
  const enqueue = createQueue();
  const dir = join(config.dataDir, 'public');
  let waiting: Promise<void> | undefined;
  const write = async () => {
    waiting = undefined;
    await writePublicTree({ ...parts, dir });
  };
  return () => {
    waiting ??= enqueue(write).catch((err: unknown) => log.error({ err }, 'the public tree could not be written'));
    return waiting;
  };
}
