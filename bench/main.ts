/** Runs all benchmarks, or those named: `npm run bench -- update-check`. Ends non-zero when a bar is missed. */
import { argv } from 'node:process';
import { measureAcme } from './acme.ts';
import { measureBackup } from './backup.ts';
import { measureBundles } from './bundle.ts';
import { measureDownload } from './download.ts';
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
  fanout: measureFanOut,
  watch: measureWatch,
};

const names = argv.length > 2 ? argv.slice(2) : Object.keys(benchmarks);
for (const name of names) {
  const measure = benchmarks[name];
  if (!measure) throw new Error(`expected one of ${Object.keys(benchmarks).join(', ')}, got ${name}`);
  for (const measurement of await measure()) {
    console.log(formatMeasurement(measurement));
    if (!isMet(measurement)) process.exitCode = 1;
  }
}
