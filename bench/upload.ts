/** The upload pipeline without the scanner: against its digests alone, its memory at 2 GB, and what a ZIP does to others. */
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compareInRounds, formatAmount, type Measurement, quantile } from './measurement.ts';
import { type Deployment, publishFile, readMemory, uploadFile, withDeployment, writeNoise } from './signpost.ts';

const runFile = promisify(execFile);
const ratioBar = { kind: 'at least', value: 0.8, unit: ' ×' } as const;
const memoryBar = { kind: 'at most', value: 64, unit: ' MiB' } as const;
const latencyBar = { kind: 'at most', value: 20, unit: ' ms' } as const;

/** All three. */
export async function measureUpload(): Promise<readonly Measurement[]> {
  return [
    await withDeployment(measurePipeline),
    await withDeployment(measureMemory),
    await withDeployment(measureOthersDuringZip),
  ];
}

/** From the first byte sent to the draft, 100 MB, to the time that the digests take alone. */
async function measurePipeline(deployment: Deployment): Promise<Measurement> {
  const path = await writeNoise(deployment, 100);
  let count = 0;
  const { ratio, ours, peer } = await compareInRounds({
    rounds: 5,
    ours: async () => {
      count += 1;
      // A file that is a blob already is read again by the server, and no release is the same as the last one.
      await changeFile(path, count);
      return 100 / (await uploadNumbered(deployment, { path, sizeBytes: 100_000_000, count }));
    },
    peer: async () => {
      const { stdout } = await runFile(process.execPath, [join(import.meta.dirname, 'digests-alone.ts'), path]);
      return 100 / Number(stdout);
    },
  });
  const detail = `${formatAmount(ours)} MB/s to the five digests' ${formatAmount(peer)} MB/s`;
  return { name: 'upload pipeline', measured: ratio, bar: ratioBar, detail };
}

async function changeFile(path: string, count: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(`round ${count}`, 0);
  } finally {
    await file.close();
  }
}

/** How much higher memory peaks over 2 GB than over 100 MB. */
async function measureMemory(deployment: Deployment): Promise<Measurement> {
  const peaks: number[] = [];
  for (const [index, megabytes] of [100, 2000].entries()) {
    const path = await writeNoise(deployment, megabytes);
    await uploadNumbered(deployment, { path, sizeBytes: megabytes * 1_000_000, count: index + 1 });
    await rm(path);
    peaks.push((await readMemory(deployment)).peak);
  }
  const [small = 0, large = 0] = peaks;
  const detail = `peak of ${formatAmount(small)} MiB after 100 MB, ${formatAmount(large)} MiB after 2 GB`;
  return { name: 'memory that 2 GB takes more than 100 MB', measured: large - small, bar: memoryBar, detail };
}

/** The 99th percentile of update checks while a large ZIP is inspected. */
async function measureOthersDuringZip(deployment: Deployment): Promise<Measurement> {
  await publishFile(deployment, await writeNoise(deployment, 1), 1_000_000);
  const path = await packLargeZip(deployment);
  const upload = uploadNumbered(deployment, { path, sizeBytes: (await stat(path)).size, count: 1, name: 'large.zip' });
  const latencies = await probeLatencies(`${deployment.server.base}/api/projects/app/manifest`, upload);
  const seconds = await upload;
  const detail = `${latencies.length} checks in ${formatAmount(seconds)} s, median ${formatAmount(quantile(latencies, 0.5))} ms`;
  return {
    name: 'p99 of update checks during a ZIP of 400 MB',
    measured: quantile(latencies, 0.99),
    bar: latencyBar,
    detail,
  };
}

/** From a process of its own: this one is busy sending, and its pauses are not the server's. */
async function probeLatencies(url: string, until: Promise<unknown>): Promise<readonly number[]> {
  const probe = fork(join(import.meta.dirname, 'latency-probe.ts'), [url]);
  await until;
  probe.send('end');
  const [latencies] = (await once(probe, 'message')) as [number[]];
  return latencies;
}

/** Noise of 400 MB, deflated: large, and within the caps. */
async function packLargeZip(deployment: Deployment): Promise<string> {
  const source = await writeNoise(deployment, 400);
  const path = join(deployment.installation.folder, 'large.zip');
  await runFile('zip', ['-q', '-j', '-1', path, source]);
  return path;
}

async function uploadNumbered(
  deployment: Deployment,
  { path, sizeBytes, count, name = 'app.bin' }: { path: string; sizeBytes: number; count: number; name?: string },
): Promise<number> {
  const started = performance.now();
  await uploadFile(deployment, { path, version: `2.0.${count}`, name, sizeBytes });
  return (performance.now() - started) / 1000;
}
