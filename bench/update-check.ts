/** The update check, warm: the manifest's route against `node:http` alone answering the same bytes and headers. */
import { startBareServer } from './bare-peer.ts';
import { measureRequestsPerSecond, nameLoadGenerator } from './load.ts';
import { compareInRounds, formatAmount, type Measurement } from './measurement.ts';
import { publishFile, withDeployment, writeNoise } from './signpost.ts';

const bar = { kind: 'at least', value: 0.9, unit: ' ×' } as const;
const secondsPerRound = 4;

/** Measures requests a second, ours to the bare server's. */
export async function measureUpdateCheck(): Promise<readonly Measurement[]> {
  return withDeployment(async (deployment) => {
    await publishFile(deployment, await writeNoise(deployment, 1), 1_000_000);
    const url = `${deployment.server.base}/api/projects/app/manifest`;
    const bare = await startBareServer(url);
    try {
      const { ratio, ours, peer } = await compareInRounds({
        rounds: 5,
        ours: () => measureRequestsPerSecond(url, secondsPerRound),
        peer: () => measureRequestsPerSecond(bare.url, secondsPerRound),
      });
      const detail = `${formatAmount(ours)} requests a second to node:http's ${formatAmount(peer)}, by ${nameLoadGenerator()}`;
      return [{ name: 'update check', measured: ratio, bar, detail }];
    } finally {
      bare.stop();
    }
  });
}
