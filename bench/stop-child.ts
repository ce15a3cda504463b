/** The end of a program that a benchmark started. */
import type { ChildProcess } from 'node:child_process';

/** Asks it to end, and waits until it has. */
export function stopChild(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
