/** Bundles verified by one thread, from their text on, against the library that the npm command uses; and what stays in memory. */
import { parseBundle } from '@signpost/protocol/sigstore/bundle';
import { parseTrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import { verifyBundle } from '@signpost/protocol/sigstore/verify-bundle';
import { createRequiredSigner, readSigstoreCases, type SigstoreCase } from '../test/conformance/sigstore/cases.ts';
import { createPeer } from '../test/conformance/sigstore/peer.ts';
import { findSuite } from '../test/conformance/suites.ts';
import { compareInRounds, formatAmount, type Measurement } from './measurement.ts';

const contests = { 'Rekor v1': 'happy-path-v0.3', 'Rekor v2 with a timestamp': 'rekor2-happy-path' } as const;
const roundMs = 500;
const memoryRuns = 100_000;

/** Verifications a second and thread, and the memory that 100,000 of them leave behind. */
export async function measureBundles(): Promise<readonly Measurement[]> {
  const cases = readSigstoreCases(findSuite('sigstore'));
  const measurements: Measurement[] = [];
  for (const [words, folder] of Object.entries(contests)) {
    measurements.push(await compare(words, findCase(cases, folder)));
  }
  return [...measurements, await measureMemory(findCase(cases, contests['Rekor v1']))];
}

function findCase(cases: readonly SigstoreCase[], folder: string): SigstoreCase {
  const found = cases.find(({ name }) => name === folder);
  if (!found) throw new Error(`expected the folder ${folder} of sigstore-conformance`);
  return found;
}

/** The trusted root is read once by both, the bundle anew each time. */
async function createOurs({
  trustedRoot: rootBytes,
  artifact,
  ...given
}: SigstoreCase): Promise<() => Promise<unknown>> {
  const trustedRoot = await parseTrustedRoot(rootBytes);
  const signer = await createRequiredSigner({ trustedRoot: rootBytes, artifact, ...given });
  const requirements = { artifact: { kind: 'bytes', bytes: artifact }, trustedRoot, signer } as const;
  return () => verifyBundle(parseBundle(given.bundle), requirements);
}

async function compare(words: string, given: SigstoreCase): Promise<Measurement> {
  const verify = await createOurs(given);
  const askPeer = createPeer(given);
  const { ratio, ours, peer } = await compareInRounds({
    rounds: 5,
    ours: () => countPerSecond(verify),
    peer: () => countPerSecond(async () => askPeer(given)),
  });
  const bar = { kind: 'at least', value: 5, unit: ' times @sigstore/verify' } as const;
  const detail = `${formatAmount(ours)}/s, the peer ${formatAmount(peer)}/s`;
  return { name: `bundles verified, ${words}`, measured: ratio, bar, detail };
}

async function measureMemory(given: SigstoreCase): Promise<Measurement> {
  const verify = await createOurs(given);
  const heaps: number[] = [];
  for (let run = 0; run < memoryRuns; run++) {
    if (run % (memoryRuns / 10) === 0) heaps.push(process.memoryUsage().rss / 2 ** 20);
    await verify();
  }
  heaps.push(process.memoryUsage().rss / 2 ** 20);
  // The first tenth warms up.
  const [, first = 0] = heaps;
  const bar = { kind: 'at most', value: 32, unit: ' MiB' } as const;
  const detail = `after each tenth ${heaps.map((heap) => heap.toFixed(0)).join(', ')} MiB`;
  return {
    name: `memory left by ${formatAmount(memoryRuns)} verifications`,
    measured: (heaps.at(-1) ?? 0) - first,
    bar,
    detail,
  };
}

async function countPerSecond(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  let count = 0;
  for (; performance.now() - startedAt < roundMs; count++) await work();
  return (count / (performance.now() - startedAt)) * 1000;
}
