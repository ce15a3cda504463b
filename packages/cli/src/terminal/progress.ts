/** One progress line on stderr; silent unless stderr is a terminal and neither `--quiet` nor `--json` was given. */
import type { Writable } from 'node:stream';
import { escapeControls } from './output.ts';
import { formatSize } from './table.ts';

const barWidth = 24;
const redrawMs = 80;

/** What is counted; steps are shown as a share only. */
export type ProgressUnit = 'bytes' | 'steps';

/** Shows how far a piece of work is. */
export interface Progress {
  /** `done` of `total`. */
  update(label: string, done: number, total: number, unit?: ProgressUnit): void;
  /** Wipes the line. */
  finish(): void;
}

/** A progress line on `stderr`, or one that does nothing when `visible` is false. */
export function createProgress(stderr: Writable, visible: boolean, now: () => number): Progress {
  if (!visible) return { update: () => undefined, finish: () => undefined };
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    update(label, done, total, unit = 'bytes') {
      const time = now();
      if (time - drawnAt < redrawMs && done < total) return;
      drawnAt = time;
      stderr.write(`\r\u001b[2K${escapeControls(label)} ${formatBar(done, total, unit)}`);
    },
    finish() {
      if (drawnAt !== Number.NEGATIVE_INFINITY) stderr.write('\r\u001b[2K');
    },
  };
}

/** `[#####-----]  50 %  1.0 MiB of 2.0 MiB`. */
export function formatBar(done: number, total: number, unit: ProgressUnit): string {
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const filled = Math.round(share * barWidth);
  const bar = '#'.repeat(filled) + '-'.repeat(barWidth - filled);
  const percent = `[${bar}] ${String(Math.floor(share * 100)).padStart(3)} %`;
  return unit === 'steps' ? percent : `${percent}  ${formatSize(done)} of ${formatSize(total)}`;
}
