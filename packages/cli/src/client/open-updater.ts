/** The protocol's client with a state file, pinned roots and printed steps: what `check`, `download`, `verify` and `mirror` share. */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseState, type StateStore } from '@signpost/protocol/client/state';
import type { Step } from '@signpost/protocol/client/steps';
import { createUpdater, type Updater, type UpdaterOptions } from '@signpost/protocol/client/updater';
import type { Invocation, OptionSpec } from '../command.ts';
import { errorCodeOf, writeFileAtomically } from '../files/atomic-write.ts';
import { resolveBase } from '../http/connect.ts';
import { readLogKey } from '../log/log-key.ts';
import { Failure } from '../terminal/failure.ts';

/** The options by which roots are pinned and kept. */
export const pinOptions: readonly OptionSpec[] = [
  {
    flags: '--root <public-key>',
    text: 'a root to pin, as `signpost root init` printed it; remembered with the state',
    repeatable: true,
  },
  { flags: '--threshold <m>', text: 'how many roots must sign; needed beside several roots' },
  { flags: '--state <file>', text: 'what was seen before; kept in your configuration folder when left out' },
];

/** The options of every command that verifies releases like a client. */
export const updaterOptions: readonly OptionSpec[] = [
  ...pinOptions,
  {
    flags: '--log <verifier-key>',
    text: 'a transparency log that releases must be in, for as long as the trust list names none',
  },
  { flags: '--max-age-days <days>', text: 'refuse manifests signed longer ago' },
];

/** A client, and where it looks. */
export interface OpenUpdater {
  readonly updater: Updater;
  readonly base: string;
}

const dayMs = 86_400_000;

/** A client of the server that was named. Its steps are printed as notes. Throws Failure `usage` while no root is pinned. */
export async function openUpdater(
  invocation: Invocation,
  more: Pick<UpdaterOptions, 'catalogues'> = {},
): Promise<OpenUpdater> {
  const { options, output, fetch, now } = invocation;
  const state = await openClientState(invocation);
  const maxAgeDays = options.integer('max-age-days', 1);
  const log = options.text('log');
  // What was typed wrong is told apart from what does not verify.
  if (log !== undefined) await readLogKey(log);
  const updater = createUpdater({
    ...state,
    ...more,
    fetch,
    now,
    log,
    maxAgeMs: maxAgeDays === undefined ? undefined : maxAgeDays * dayMs,
    onStep: ({ name, detail }: Step) => output.note(`ok  ${name.padEnd(20)}  ${detail}`),
  });
  return { updater, base: state.base };
}

/** The server that was named, with the roots and the state that are kept for it. Throws Failure `usage` while no root is pinned. */
export async function openClientState(
  invocation: Invocation,
): Promise<Pick<UpdaterOptions, 'base' | 'roots' | 'threshold' | 'store'>> {
  const base = await resolveBase(invocation);
  const path = invocation.options.text('state') ?? defaultStatePath(invocation.environment.configDir, base);
  return { base, ...(await readPins(invocation, path)), store: openStateFile(path) };
}

/** A state in one file, replaced as a whole. */
function openStateFile(path: string): StateStore {
  return {
    read: () => readState(path),
    write: async (text) => {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFileAtomically(path, text);
    },
  };
}

async function readState(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function readPins(
  { options }: Invocation,
  statePath: string,
): Promise<{ roots: readonly string[]; threshold?: number }> {
  const roots = options.texts('root');
  const threshold = options.integer('threshold', 1);
  if (roots.length > 1 && threshold === undefined) {
    throw new Failure('usage', 'several roots need --threshold', {
      hint: '--threshold 2 for "two of these must sign"',
    });
  }
  if (roots.length > 0) return { roots, ...(threshold === undefined ? {} : { threshold }) };
  const text = await readState(statePath);
  if (text === undefined) {
    throw new Failure('usage', 'no root is pinned for this server', {
      hint: '--root PUBLIC-KEY, from a source that is not the server itself',
    });
  }
  const { pins } = await parseState(text);
  return { roots: pins.keys.map(({ pubkeyB64 }) => pubkeyB64), threshold: pins.threshold };
}

function defaultStatePath(configDir: string, base: string): string {
  return join(configDir, 'state', `${createHash('sha256').update(base).digest('hex').slice(0, 32)}.json`);
}
