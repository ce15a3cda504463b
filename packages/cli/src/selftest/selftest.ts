/** Signs, strips and signs again by a stranger, in a source of its own, and looks whether the alarm comes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../http/client.ts';
import { Failure } from '../terminal/failure.ts';
import { pushImage, type ScratchImage, type ScratchRepository } from './scratch-repository.ts';
import { createThrowawayLog, createThrowawaySigner, type ThrowawayLog, type ThrowawaySigner } from './throwaway-log.ts';
import {
  countDelivered,
  declareSigner,
  distrustLog,
  endWatching,
  listAlarmWebhooks,
  listFindingsOf,
  look,
  readGate,
  trustLog,
  watchRepository,
} from './watch-server.ts';

/** What it works with. */
export interface SelftestParts {
  readonly client: Client;
  readonly repository: ScratchRepository;
  /** Unix ms. */
  readonly now: () => number;
  /** Hears of each step as it ends. */
  readonly told: (step: SelftestStep) => void;
}

/** A step, and how it went. */
export interface SelftestStep {
  readonly step: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** What the run has to take away again. */
interface Leavings {
  readonly digests: string[];
  sourceId: string | undefined;
  isTrusted: boolean;
}

/** Runs all steps; after one that fails only the clearing up. Nothing but the source of the self-test is touched. */
export async function runSelftest(parts: SelftestParts): Promise<readonly SelftestStep[]> {
  const steps: SelftestStep[] = [];
  const leavings: Leavings = { digests: [], sourceId: undefined, isTrusted: false };
  const take = async (step: string, run: () => Promise<string>): Promise<boolean> => {
    const taken = await attempt(step, run);
    steps.push(taken);
    parts.told(taken);
    return taken.ok;
  };
  for (const [step, run] of planSteps(parts, leavings)) if (!(await take(step, run))) break;
  await take('everything is taken away again', () => clearUp(parts, leavings));
  return steps;
}

async function attempt(step: string, run: () => Promise<string>): Promise<SelftestStep> {
  try {
    return { step, ok: true, detail: await run() };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { step, ok: false, detail: error.hint === undefined ? error.message : `${error.message} (${error.hint})` };
  }
}

type Plan = readonly (readonly [string, () => Promise<string>])[];

function planSteps(parts: SelftestParts, leavings: Leavings): Plan {
  const { client, repository, now } = parts;
  const begun = now();
  const number = Math.floor(begun / 1000);
  let log: ThrowawayLog;
  let [signer, stranger]: (ThrowawaySigner | undefined)[] = [];
  const push = async (minor: number, by?: ThrowawaySigner) => {
    const sign = by && ((content: string) => log.sign(content, by));
    const { image, digests } = await pushImage(repository, `1.${minor}.${number}`, sign);
    leavings.digests.unshift(...digests);
    return image;
  };
  const expect = (image: ScratchImage, kinds: readonly string[]) => expectFindings(parts, leavings, { image, kinds });
  return [
    [
      'a throw-away log is trusted for an hour',
      async () => {
        log = await createThrowawayLog(now());
        [signer, stranger] = [await createThrowawaySigner(), await createThrowawaySigner()];
        leavings.isTrusted = true;
        await trustLog(client, log.trustedRoot);
        return 'trusted root watch-selftest';
      },
    ],
    [
      'the repository is watched, and its signer declared',
      async () => {
        leavings.sourceId = await watchRepository(client, repository.name);
        await declareSigner(client, leavings.sourceId, signer?.key ?? '');
        return `oci:${repository.name}`;
      },
    ],
    ['an image by the declared signer makes no finding', async () => expect(await push(0, signer), [])],
    ['an image without its signature is a finding', async () => expect(await push(1), ['signature.lost'])],
    ['an image signed by a stranger is a finding', async () => expect(await push(2, stranger), ['key.new'])],
    ['webhooks have the alarm', async () => awaitDelivery(client, begun)],
  ];
}

async function expectFindings(
  { client, repository }: SelftestParts,
  { sourceId = '' }: Leavings,
  { image, kinds }: { readonly image: ScratchImage; readonly kinds: readonly string[] },
): Promise<string> {
  await look(client, `oci:${repository.name}:${image.tag}`);
  const found = await listFindingsOf(client, sourceId, image.content);
  const names = found.map(({ kind, severity }) => `${kind} (${severity})`).join(', ');
  const { judged, codes } = await readGate(client, repository.name, image.content);
  const isExpected =
    found
      .map(({ kind }) => kind)
      .sort()
      .join() === kinds.join();
  if (!isExpected) throw new Failure('refused', `expected ${kinds.join(', ') || 'no finding'}, got ${names || 'none'}`);
  if (kinds.length === 0 && codes.length > 0)
    throw new Failure('refused', `expected a gate to know the signer, got ${codes.join(', ')}`);
  return `${names || 'none'}; by the policy a gate says: ${judged}`;
}

const [deliveryMs, pollMs] = [30_000, 500];

/** Both alarms at every webhook that asks for them. */
async function awaitDelivery(client: Client, since: number): Promise<string> {
  const webhooks = await listAlarmWebhooks(client);
  if (webhooks.length === 0) return 'none asks for watch.finding.opened, so that nothing was sent';
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    const counts = await Promise.all(webhooks.map((webhook) => countDelivered(client, webhook, since)));
    const late = counts.filter((count) => count < 2).length;
    if (late === 0) return `delivered to ${webhooks.length}`;
    if (waitedMs >= deliveryMs)
      throw new Failure('refused', `${late} of ${webhooks.length} took no delivery within ${deliveryMs / 1000} s`);
    await sleep(pollMs);
  }
}

/** Each part is tried, whatever becomes of the others. */
async function clearUp(
  { client, repository }: SelftestParts,
  { digests, sourceId, isTrusted }: Leavings,
): Promise<string> {
  const problems: string[] = [];
  const tryTo = async (run: () => Promise<void>) => {
    await run().catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      problems.push(error.message);
    });
  };
  if (sourceId !== undefined) await tryTo(() => endWatching(client, sourceId));
  if (isTrusted) await tryTo(() => distrustLog(client));
  if (problems.length > 0) throw new Failure('refused', problems.join('; '));
  // Many registries let nobody delete: what is left are a few hundred bytes.
  const kept = await Promise.all(digests.map((digest) => repository.remove(digest).then(() => 0, countFailure)));
  const left = kept.reduce<number>((sum, one) => sum + one, 0);
  return left === 0
    ? 'source, trusted root and images'
    : `source and trusted root; the registry keeps ${left} manifests`;
}

function countFailure(error: unknown): number {
  if (error instanceof Failure) return 1;
  throw error;
}
