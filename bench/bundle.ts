/**
 * Bundles verified by one thread of JavaScript, from their text on, against the library that the npm command uses; and what stays in memory.
 * The bar is on what the thread gets done in a second with several verifications under way, as a server has them: ours leaves signatures to the
 * platform's own threads meanwhile, the peer, which is synchronous, computes them on the spot, and gains nothing from company. Beside it stand
 * the same for one verification after the other, and for a second of processor time, in which all threads count.
 */
import { parseBundle } from '@signpost/protocol/sigstore/bundle';
import { parseTrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import { verifyBundle } from '@signpost/protocol/sigstore/verify-bundle';
import { createRequiredSigner, readSigstoreCases, type SigstoreCase } from '../test/conformance/sigstore/cases.ts';
import { createPeer } from '../test/conformance/sigstore/peer.ts';
import { findSuite } from '../test/conformance/suites.ts';
import { compareInRounds, formatAmount, type Measurement } from './measurement.ts';

const contests = { 'Rekor v1': 'happy-path-v0.3', 'Rekor v2 with a timestamp': 'rekor2-happy-path' } as const;
const roundMs = 500;
const inFlight = 8;
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
  const contend = (pace: Pace) =>
    compareInRounds({
      rounds: 5,
      ours: () => countPerSecond(verify, pace),
      peer: () => countPerSecond(async () => askPeer(given), pace),
    });
  const { ratio, ours, peer } = await contend({ inFlight, readMs: readWallMs });
  const alone = await contend({ inFlight: 1, readMs: readWallMs });
  const busy = await contend({ inFlight, readMs: readProcessorMs });
  const bar = { kind: 'at least', value: 5, unit: ' times @sigstore/verify' } as const;
  const detail = [
    `${inFlight} in flight: ${formatAmount(ours)}/s, the peer ${formatAmount(peer)}/s`,
    `one after the other: ${formatAmount(alone.ratio)} times, ${formatAmount(alone.ours)}/s`,
    `a second of processor time: ${formatAmount(busy.ratio)} times, ${formatAmount(busy.ours)}`,
  ].join('; ');
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

/** How a contestant is measured. */
interface Pace {
  readonly inFlight: number;
  readonly readMs: () => number;
}

function readWallMs(): number {
  return performance.now();
}

/** Of all threads of this process. */
function readProcessorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function countPerSecond(work: () => Promise<unknown>, { inFlight, readMs }: Pace): Promise<number> {
  const endsAt = performance.now() + roundMs;
  const startedAt = readMs();
  let count = 0;
  const workOn = async () => {
    for (; performance.now() < endsAt; count++) await work();
  };
  await Promise.all(Array.from({ length: inFlight }, workOn));
  return (count / (readMs() - startedAt)) * 1000;
}
