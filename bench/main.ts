/** Runs all benchmarks, or those named, whole or in part: `npm run bench -- update-check fanout-storm`. Ends non-zero when a bar is missed. */
import { argv } from 'node:process';
import { measureAcme } from './acme.ts';
import { measureBackup } from './backup.ts';
import { measureBundles } from './bundle.ts';
import { measureCatalogue } from './catalogue.ts';
import { measureConsole } from './console.ts';
import { measureDownload } from './download.ts';
import { measureLatency } from './fanout/latency.ts';
import { measureSlowReaders } from './fanout/slow-readers.ts';
import { measureStorm } from './fanout/storm.ts';
import { measureFanOut } from './fanout.ts';
import { measureFrames } from './frames.ts';
import { measureIssuance } from './issuance.ts';
import { measureIssuing } from './issue-in-process.ts';
import { formatMeasurement, isMet, type Measurement } from './measurement.ts';
import { measureOcsp } from './ocsp.ts';
import { measureRevocation } from './revocation.ts';
import { measureStart } from './start.ts';
import { measureTimestamps } from './timestamps.ts';
import { measureUpdateCheck } from './update-check.ts';
import { measureUpload } from './upload.ts';
import { measureWatch } from './watch.ts';

const benchmarks: Readonly<Record<string, () => Promise<readonly Measurement[]>>> = {
  start: measureStart,
  'update-check': measureUpdateCheck,
  catalogue: measureCatalogue,
  download: measureDownload,
  upload: measureUpload,
  backup: measureBackup,
  issue: measureIssuing,
  timestamps: measureTimestamps,
  issuance: measureIssuance,
  acme: measureAcme,
  ocsp: measureOcsp,
  revocation: measureRevocation,
  bundle: measureBundles,
  frames: measureFrames,
  'fanout-sse': () => measureFanOut('sse'),
  'fanout-websocket': () => measureFanOut('websocket'),
  'fanout-latency': measureLatency,
  'fanout-storm': measureStorm,
  'fanout-slow': measureSlowReaders,
  console: measureConsole,
  watch: measureWatch,
};

const names = argv.length > 2 ? argv.slice(2).flatMap(findNames) : Object.keys(benchmarks);
for (const name of names) {
  for (const measurement of (await benchmarks[name]?.()) ?? []) {
    console.log(formatMeasurement(measurement));
    if (!isMet(measurement)) process.exitCode = 1;
  }
}

/** `fanout` is all of its parts. */
function findNames(asked: string): string[] {
  const names = Object.keys(benchmarks);
  const found = names.filter((name) => name === asked || name.startsWith(`${asked}-`));
  if (found.length === 0) throw new Error(`expected some of ${names.join(', ')}, got ${asked}`);
  return found;
}
