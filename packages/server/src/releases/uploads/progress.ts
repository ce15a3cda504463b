/** How far an inspection is, written to the upload's row now and then. */
import type { Logger } from 'pino';
import type { Database } from '../../storage/database.ts';
import { updateProgress } from './store.ts';

/** The stages of an inspection, in order. The progress of each goes from 0 to 1000. */
type Stage = 'type' | 'archive' | 'scan' | 'store';

/** Tells where an inspection is. */
export interface ReportStage {
  /** Writes the beginning of a stage. */
  enter(stage: Stage): Promise<void>;
  /** Notes the part done of a stage, from 0 to 1; written a few times a second at most. */
  report(stage: Stage, part: number): void;
  /** Resolves when nothing is being written any more. */
  end(): Promise<void>;
}

const pauseMs = 250;

/** Starts reporting for the upload `id`. A write that fails is logged and delays nothing. */
export function startStages(
  { database, now, log }: { database: Database; now: () => number; log: Logger },
  id: string,
): ReportStage {
  let writtenAt = now();
  let writing = Promise.resolve();
  const write = (stage: Stage, part: number): Promise<void> => {
    writtenAt = now();
    const change = { stage, progress: Math.min(1000, Math.floor(part * 1000)), now: writtenAt };
    writing = writing
      .then(() => updateProgress(database.query, id, change))
      .catch((err: unknown) => log.warn({ err, upload: id }, 'progress could not be noted'));
    return writing;
  };
  return {
    enter: (stage) => write(stage, 0),
    report: (stage, part) => {
      if (now() - writtenAt >= pauseMs) void write(stage, part);
    },
    end: () => writing,
  };
}
