/** What a process uses, and what the machine's host withholds (proc_pid_stat(5), proc_pid_status(5), proc_stat(5)). Linux only. */
import { readFileSync } from 'node:fs';

/** Seconds of processor time so far. */
export function readProcessorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ');
  // utime and stime, in hundredths of a second.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Resident memory in KiB. */
export function readResidentKib(pid: number): number {
  return readStatus(pid, 'VmRSS');
}

/** The most resident memory so far, in KiB. */
export function readPeakResidentKib(pid: number): number {
  return readStatus(pid, 'VmHWM');
}

/** Seconds of processor time that the host of this machine has given to others while something here wanted to run. */
export function readStolenSeconds(): number {
  const [line = ''] = readFileSync('/proc/stat', 'latin1').split('\n', 1);
  return Number(line.trim().split(/\s+/)[8] ?? 0) / 100;
}

function readStatus(pid: number, name: string): number {
  return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}
