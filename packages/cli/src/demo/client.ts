/** The client's half of the demo: it pins the root, keeps its state in memory, and reports each of its steps. */
import { createUpdater, type UpdaterOptions } from '@signpost/protocol/client/updater';
import type { Invocation } from '../command.ts';
import { Failure } from '../terminal/failure.ts';
import { type Recording, runAttacks } from './attacks.ts';
import type { Check } from './checks.ts';
import { project } from './publisher.ts';

/** A client that remembers. */
export interface DemoClient {
  readonly checks: readonly Check[];
  /** Checks for an update, downloads it, and reports each step. */
  update(installedVersion: string | undefined): Promise<void>;
  /** What somebody on the line sees now. */
  overhear(): Promise<{ manifest: string; trust: string }>;
  /** Plays the attacks against what the client remembers. */
  attack(recording: Recording): Promise<void>;
}

/** A client of `base` that has pinned `rootPublicKey`. */
export function createDemoClient(
  { fetch, now }: Pick<Invocation, 'fetch' | 'now'>,
  { base, rootPublicKey, report }: { base: string; rootPublicKey: string; report: (check: Check) => void },
): DemoClient {
  const checks: Check[] = [];
  const note = (check: Check) => {
    checks.push(check);
    report(check);
  };
  let state: string | undefined;
  const options: UpdaterOptions = {
    ...{ base, roots: [rootPublicKey], fetch, now },
    store: {
      read: async () => state,
      write: async (text) => {
        state = text;
      },
    },
  };
  const readText = async (path: string) => (await fetch(`${base}${path}`)).text();
  return {
    checks,
    update: async (installedVersion) => {
      const updater = createUpdater({
        ...options,
        onStep: ({ name, detail }) => note({ name, result: 'passed', detail }),
      });
      const update = await updater.checkForUpdate({ project, installedVersion });
      if (update.kind !== 'update') throw new Failure('refused', `expected an update, got ${update.kind}`);
      await updater.download(update.manifest.main, discard);
    },
    overhear: async () => ({ manifest: await readText(manifestPath), trust: await readText(trustPath) }),
    attack: async (recording) => {
      for (const check of await runAttacks(options, { project, manifestPath, trustPath, recording })) note(check);
    },
  };
}

const manifestPath = `/api/projects/${project}/manifest`;
const trustPath = '/api/signing/trust';

/** The demo has nothing to install: it is enough that every byte was checked. */
const discard = { write: () => undefined, commit: () => undefined, abort: () => undefined };
