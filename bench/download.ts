/** The download of 100 MB: our server against nginx, which hands the file to the kernel; and the memory that it takes. */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { compareInRounds, formatAmount, type Measurement } from './measurement.ts';
import { startNginx } from './nginx.ts';
import { publishFile, readMemory, withDeployment, writeNoise } from './signpost.ts';

const runFile = promisify(execFile);
const megabytes = 100;
const downloadsPerRound = 5;
const ratioBar = { kind: 'at least', value: 0.8, unit: ' ×' } as const;
const memoryBar = { kind: 'at most', value: 64, unit: ' MiB' } as const;

/** Measures bytes a second, ours to nginx's, and how far memory grows under sixteen downloads at once. */
export async function measureDownload(): Promise<readonly Measurement[]> {
  return withDeployment(async (deployment) => {
    const path = await writeNoise(deployment, megabytes);
    await publishFile(deployment, path, megabytes * 1_000_000);
    const nginx = await startNginx(dirname(path), join(deployment.installation.folder, 'nginx'));
    try {
      const url = `${deployment.server.base}/app/1.0.0`;
      const { ratio, ours, peer } = await compareInRounds({
        rounds: 7,
        ours: () => measureBytesPerSecond(url),
        peer: () => measureBytesPerSecond(`${nginx.base}/noise-${megabytes}.bin`),
      });
      const before = (await readMemory(deployment)).now;
      await Promise.all(Array.from({ length: 16 }, () => download(url)));
      const { peak } = await readMemory(deployment);
      const detail = `${formatAmount(ours / 1e6)} MB/s to nginx's ${formatAmount(peer / 1e6)} MB/s`;
      return [
        { name: 'download of 100 MB', measured: ratio, bar: ratioBar, detail },
        {
          name: 'memory that 16 downloads at once add',
          measured: Math.max(0, peak - before),
          bar: memoryBar,
          detail: `${formatAmount(before)} MiB before, ${formatAmount(peak)} MiB at most`,
        },
      ];
    } finally {
      await nginx.stop();
    }
  });
}

async function measureBytesPerSecond(url: string): Promise<number> {
  const started = performance.now();
  for (let count = 0; count < downloadsPerRound; count += 1) await download(url);
  return (downloadsPerRound * megabytes * 1e6) / ((performance.now() - started) / 1000);
}

/** By curl, so that the client is the same for both and not Node. */
async function download(url: string): Promise<void> {
  const { stdout } = await runFile('curl', ['-s', '-L', '-o', '/dev/null', '-w', '%{http_code} %{size_download}', url]);
  if (stdout !== `200 ${megabytes * 1_000_000}`) throw new Error(`expected ${megabytes} MB, got ${stdout}`);
}
