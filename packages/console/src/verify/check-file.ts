/** Checks one file against what a project has signed, as any client does: roots, trust list, manifest, history, file. */
import { findCounter, parseState, type StateStore } from '@signpost/protocol/client/state';
import type { Fetch } from '@signpost/protocol/client/transport';
import { createUpdater, type Updater } from '@signpost/protocol/client/updater';
import { TrustError, type TrustErrorCode } from '@signpost/protocol/errors';
import type { Artifact } from '@signpost/protocol/updates/manifest';
import type { VerifiedLogPosition } from '@signpost/protocol/updates/verify-log';
import type { VerifiedManifest } from '@signpost/protocol/updates/verify-manifest';
import type { VerifiedTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { Pins } from './pins.ts';

/** A file by its digest. */
export interface DigestedFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** What a check works with. */
export interface Check {
  /** Where the organisation answers. */
  readonly base: string;
  readonly project: string;
  /** Those on which something is in service, by the server's word. */
  readonly channels: readonly string[];
  readonly pins: Pins;
  readonly store: StateStore;
  readonly fetch: Fetch;
  readonly now: () => number;
}

/** A manifest that verified, and what this browser had seen before it. */
interface Seen {
  readonly manifest: VerifiedManifest;
  /** The highest counter before this visit. */
  readonly before: number | undefined;
}

/**
 * What came of it. `released`: a manifest in force names the file. `other`: manifests verified, and none names it; `namesake` has its name and other
 * bytes. `empty`: nothing is in service. `refused`: what the server gave does not verify, so that nothing is known of the file. `forgetful`: what this browser remembers cannot be read, which says nothing of the server.
 */
export type Outcome =
  | (Seen & {
      readonly kind: 'released';
      readonly trust: VerifiedTrustList;
      readonly artifact: Pick<Artifact, 'name' | 'sha256' | 'sizeBytes'>;
      /** Where the manifest is in the log that the trust list names, if it names one. */
      readonly logged: VerifiedLogPosition | undefined;
    })
  | { readonly kind: 'other'; readonly versions: readonly string[]; readonly namesake: Artifact | undefined }
  | { readonly kind: 'empty' }
  | { readonly kind: 'refused'; readonly code: TrustErrorCode; readonly message: string }
  | { readonly kind: 'forgetful'; readonly message: string };

/** Whether the roots of the check were found to stand over what the server gave. */
export function isVerified({ kind }: Outcome): boolean {
  return kind !== 'refused' && kind !== 'forgetful';
}

/** Fetches, verifies, compares. Throws only what no client expects. */
export async function checkFile(check: Check, file: DigestedFile): Promise<Outcome> {
  const { base, pins, store, fetch, now } = check;
  try {
    const updater = createUpdater({ base, roots: pins.roots, threshold: pins.threshold, store, fetch, now });
    const before = await store.read();
    const trust = await updater.refreshTrust();
    return await compare(check, file, { updater, before, trust });
  } catch (error) {
    return refuse(error);
  }
}

interface Session {
  readonly updater: Updater;
  /** The state text from before this visit. */
  readonly before: string | undefined;
  readonly trust: VerifiedTrustList;
}

/** One channel whose manifest is refused does not speak against a file of another one, and for none. */
async function compare({ project, channels }: Check, file: DigestedFile, session: Session): Promise<Outcome> {
  const { updater, before, trust } = session;
  const manifests: VerifiedManifest[] = [];
  let refusal: Outcome | undefined;
  for (const channel of channels) {
    try {
      const update = await updater.checkForUpdate({ project, channel });
      if (update.kind === 'none') continue;
      const artifact = findArtifact(update.manifest, file);
      if (artifact) {
        return {
          kind: 'released',
          manifest: update.manifest,
          artifact,
          trust,
          logged: update.logged,
          before: await recall(before, update.manifest),
        };
      }
      manifests.push(update.manifest);
    } catch (error) {
      refusal ??= refuse(error);
    }
  }
  if (refusal) return refusal;
  if (manifests.length === 0) return { kind: 'empty' };
  const namesake = manifests.flatMap(({ artifacts }) => artifacts).find(({ name }) => name === file.name);
  return { kind: 'other', versions: manifests.map(({ version }) => version), namesake };
}

/** The size says nothing that the digest does not; a manifest that has them apart is wrong about one of them. */
function findArtifact({ main, artifacts }: VerifiedManifest, { name, sha256, sizeBytes }: DigestedFile) {
  const named = artifacts.length > 0 ? artifacts : [{ ...main, name }];
  return named.find((artifact) => artifact.sha256 === sha256 && artifact.sizeBytes === sizeBytes);
}

async function recall(before: string | undefined, { project, channel }: VerifiedManifest): Promise<number | undefined> {
  return before === undefined ? undefined : findCounter((await parseState(before)).counters, project, channel)?.counter;
}

function refuse(error: unknown): Outcome {
  if (!(error instanceof TrustError)) throw error;
  const { code, message } = error;
  return code === 'state_invalid' ? { kind: 'forgetful', message } : { kind: 'refused', code, message };
}
