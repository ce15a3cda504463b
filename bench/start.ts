/** From no data folder at all to the first answer: `signpost init`, then `signpost serve`. */
import { installByCommand, startServer } from '../test/programs/server.ts';
import { formatAmount, type Measurement, quantile } from './measurement.ts';

const bar = { kind: 'at most', value: 2, unit: ' s' } as const;

/** The median of five starts of `serve` on a new folder. */
export async function measureStart(): Promise<readonly Measurement[]> {
  const inits: number[] = [];
  const serves: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const started = performance.now();
    const installation = await installByCommand();
    inits.push((performance.now() - started) / 1000);
    const server = await startServer(installation);
    serves.push(server.startMs / 1000);
    await server.stop();
    await installation.remove();
  }
  const detail = `after init of ${formatAmount(quantile(inits, 0.5))} s`;
  return [{ name: 'serve on an empty folder, to its first answer', measured: quantile(serves, 0.5), bar, detail }];
}
