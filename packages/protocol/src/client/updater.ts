/** The client of one server or mirror (docs/protocol/client.md): it trusts the pinned roots and nothing that it fetches. */
import type { VerifiedTrustList } from '../updates/verify-trust-list.ts';
import {
  type CatalogueCache,
  type CatalogueCheck,
  type CatalogueRequest,
  checkCatalogue,
  createMemoryCache,
} from './check-catalogue.ts';
import { checkForUpdate, type UpdateCheck, type UpdateRequest } from './check-for-update.ts';
import { parsePinnedLog } from './check-log.ts';
import { type DownloadOptions, type DownloadSink, downloadFile, type ExpectedFile } from './download.ts';
import { Memory } from './memory.ts';
import { type ClientContext, refreshTrust } from './refresh-trust.ts';
import { createRootSet, type StateStore } from './state.ts';
import type { Step, StepListener } from './steps.ts';
import { createTransport, type Fetch } from './transport.ts';

/** What an application hands in. */
export interface UpdaterOptions {
  /** The server or mirror, such as `https://releases.example/o/org`. */
  readonly base: string;
  /** The pinned roots: raw 32-byte Ed25519 keys in base64. */
  readonly roots: readonly string[];
  /** How many roots must sign a trust list. May be left out for a single root only. */
  readonly threshold?: number | undefined;
  readonly store: StateStore;
  readonly fetch: Fetch;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** The state text shipped inside the application: what holds when the state was lost. */
  readonly baseline?: string | undefined;
  /**
   * Refuses manifests signed longer ago, in milliseconds. Absent: the manifest's own `expires_at` decides, and 45 days
   * for one that has none.
   */
  readonly maxAgeMs?: number | undefined;
  /**
   * The verifier key of a transparency log that every manifest must be in, as C2SP signed-note writes keys. Holds while the trust list
   * names no log; once it does, that one counts.
   */
  readonly log?: string | undefined;
  readonly onStep?: StepListener | undefined;
  /** Keeps catalogues, so that those that did not change need not be fetched; absent: for as long as the client lives. */
  readonly catalogues?: CatalogueCache | undefined;
}

/** A client. Its calls that use the state wait for each other. */
export interface Updater {
  /** Fetches, verifies and stores the trust list. */
  refreshTrust(): Promise<VerifiedTrustList>;
  /** Refreshes trust, verifies the manifest, stores its counter, and says whether it is an update. */
  checkForUpdate(request: UpdateRequest): Promise<UpdateCheck>;
  /** Refreshes trust, verifies the catalogue and each entry, stores what was seen, and says what may be installed. */
  checkCatalogue(request: CatalogueRequest): Promise<CatalogueCheck>;
  /** Streams `file`, as a verified manifest names it, into `sink`; commits when size and digest are right. */
  download(file: ExpectedFile, sink: DownloadSink, options?: DownloadOptions): Promise<void>;
}

/** A client of `options.base`. Throws TypeError for options that cannot work; refusals are a TrustError of each call. */
export function createUpdater(options: UpdaterOptions): Updater {
  const transport = createTransport(options.base, options.fetch);
  const onStep = options.onStep ?? ignoreStep;
  const threshold = parseThreshold(options);
  const runAlone = createQueue();
  const catalogues = options.catalogues ?? createMemoryCache();
  const openContext = async (): Promise<ClientContext> => {
    const pins = await createRootSet(options.roots, threshold);
    const memory = await Memory.open(options.store, pins, options.baseline);
    onStep({ name: 'state_loaded', detail: describeMemory(memory) });
    const pinnedLog = options.log === undefined ? undefined : await parsePinnedLog(options.log);
    return { memory, transport, now: options.now(), onStep, pinnedLog };
  };
  return {
    refreshTrust: () => runAlone(async () => refreshTrust(await openContext())),
    checkForUpdate: (request) => runAlone(async () => checkForUpdate(await openContext(), request, options.maxAgeMs)),
    checkCatalogue: (request) =>
      runAlone(async () => checkCatalogue({ ...(await openContext()), catalogues }, request, options.maxAgeMs)),
    download: (file, sink, downloadOptions) => downloadFile({ transport, onStep }, file, { ...downloadOptions, sink }),
  };
}

function parseThreshold({ roots, threshold }: UpdaterOptions): number {
  if (roots.length === 0) throw new TypeError('expected at least one pinned root');
  if (threshold !== undefined) return threshold;
  // One of several would be the weakest reading, all of them the most fragile: the application must say.
  if (roots.length > 1) throw new TypeError('expected a threshold beside several roots');
  return 1;
}

/** Runs one task after the other: two checks at once could overwrite a higher counter with a lower one. */
function createQueue(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task);
    last = result.catch(() => undefined);
    return result;
  };
}

function describeMemory({ state }: Memory): string {
  return state.trust ? `trust list ${state.trust.version} accepted before` : 'no trust list accepted before';
}

function ignoreStep(_step: Step): void {}
