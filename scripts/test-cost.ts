/** Preloaded into every test process when its cost is asked for; at its end it writes down what it took. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';

/** What one test process and the processes that it started took. */
export interface TestCost {
  /** The file that was run. */
  readonly path: string;
  readonly cpuSeconds: number;
  readonly seconds: number;
}

const journal = process.env.SIGNPOST_TEST_COSTS;
// Not of its workers and children, which are told the same: they are counted with it.
if (journal !== undefined && isMainThread && process.env.NODE_TEST_CONTEXT !== undefined) {
  delete process.env.SIGNPOST_TEST_COSTS;
  process.once('exit', () => {
    const cost: TestCost = { path: process.argv[1] ?? '', cpuSeconds: readCpuSeconds(), seconds: process.uptime() };
    appendFileSync(journal, `${JSON.stringify(cost)}\n`);
  });
}

/** Linux knows what the children took that were waited for; elsewhere they are missing. */
function readCpuSeconds(): number {
  const path = '/proc/self/stat';
  if (!existsSync(path)) return (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
  // proc_pid_stat(5), fields 14 to 17: utime, stime, cutime, cstime, in hundredths of a second.
  const fields = readFileSync(path, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}
