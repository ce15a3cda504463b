/** A working copy in a scratch folder that holds what a deploy would commit. The folder is there for as long as the work on it. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Refusal } from '../../errors.ts';
import { maxEntries } from '../../releases/inspection/budget.ts';
import type { RepositoryAccess } from '../credentials/credential.ts';
import type { PluginEntry } from '../plugin/archive.ts';
import { unpackPluginAt } from '../plugin/archive-thread.ts';
import { SvnFailure } from '../svn/failure.ts';
import type { TreeSize } from '../svn/growth.ts';
import { openProxy } from '../svn/http-proxy.ts';
import { measureTree } from '../svn/repository.ts';
import type { SvnSession } from '../svn/run.ts';
import { WorkingCopy } from '../svn/working-copy.ts';
import type { DeployParts } from './deploy.ts';
import { DeployStop } from './failure.ts';
import { describeChanges, digestDiff, type PreparedDiff } from './prepared-diff.ts';
import { replaceTrunk } from './replace-trunk.ts';
import type { DeployRow } from './store.ts';

/** What stands ready to be committed. */
export interface StagedTrunk {
  readonly copy: WorkingCopy;
  readonly diff: PreparedDiff;
  readonly digest: string;
}

/** Told what is done next. Throws when the deploy was ended meanwhile. */
export type EnterStage = (stage: NonNullable<DeployRow['stage']>) => Promise<void>;

/** How long a repository may take for all that is asked of it for one step, in milliseconds. */
const sessionLimitMs = 3_600_000;
/** What a working copy needs beside two copies of each file: some bytes for each, and for those that came to trunk since it was measured. */
const overhead = { bytes: 64 * 1024 * 1024, bytesAnEntry: 2048, entries: 1024 } as const;

/** Subversion is called from elsewhere than the server. */
const folderOf = (dataDir: string) => resolve(dataDir, 'wordpress');

/** Runs `work` with a session in a folder of its own, which is removed in any case. */
export async function withSession<T>(
  { config }: Pick<DeployParts, 'config'>,
  { access, signal }: { access: RepositoryAccess; signal: AbortSignal },
  work: (session: SvnSession) => Promise<T>,
): Promise<T> {
  await mkdir(folderOf(config.dataDir), { recursive: true, mode: 0o700 });
  const scratch = await mkdtemp(join(folderOf(config.dataDir), 'deploy-'));
  const late = new AbortController();
  const failure = new SvnFailure('time-limit', `the repository took more than ${sessionLimitMs} ms`);
  const timer = setTimeout(() => late.abort(failure), sessionLimitMs);
  const proxy = await openProxy(access.repository);
  try {
    // `svn` is called from another folder than the server was.
    const caFile = config.wordpressCaFile === undefined ? undefined : resolve(config.wordpressCaFile);
    return await work({ scratch, login: access, signal: AbortSignal.any([signal, late.signal]), caFile, proxy });
  } finally {
    clearTimeout(timer);
    proxy?.close();
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Removes what a server that ended has left. */
export async function clearSessions({ config }: Pick<DeployParts, 'config'>): Promise<void> {
  await rm(folderOf(config.dataDir), { recursive: true, force: true, maxRetries: 3 });
}

/** Unpacks the archive, fetches trunk, and replaces it. Throws `SvnFailure`, `DeployStop`, and an `UploadRule` for the archive. */
export async function stageTrunk(
  parts: DeployParts,
  row: DeployRow,
  { session, enter }: { session: SvnSession; enter: EnterStage },
): Promise<StagedTrunk> {
  await enter('unpacking');
  const folder = join(session.scratch, 'plugin');
  await mkdir(folder);
  const entries = await unpackRelease(parts, row, folder);
  await enter('fetching');
  const copy = await fetchTrunk(session, row.repository, limitsOf(parts));
  await enter('comparing');
  const replacement = await replaceTrunk(copy, { folder, entries, deployId: row.id });
  const diff = await describeChanges(copy, replacement);
  const subject = { repository: row.repository, version: row.version, artifactSha256: row.artifact_sha256 };
  return { copy, diff, digest: digestDiff(subject, diff) };
}

/** Unpacks the archive of the release into `folder`. Throws a Refusal `unavailable` when it is not here, and an `UploadRule`. */
export async function unpackRelease(
  parts: Pick<DeployParts, 'blobs' | 'config'>,
  row: DeployRow,
  folder: string,
): Promise<readonly PluginEntry[]> {
  const archive = parts.blobs.locate(row.artifact_sha256);
  if (archive === undefined) throw new Refusal('unavailable', 'the file of the release does not lie on this machine');
  return unpackPluginAt(archive, limitsOf(parts), folder);
}

function limitsOf({ config }: Pick<DeployParts, 'config'>): { maxUncompressedBytes: number } {
  return { maxUncompressedBytes: config.maxUncompressedMb * 2 ** 20 };
}

async function fetchTrunk(
  session: SvnSession,
  repository: string,
  { maxUncompressedBytes }: { maxUncompressedBytes: number },
): Promise<WorkingCopy> {
  const { entries, bytes } = await measureTree(session, { url: `${repository}/trunk` });
  if (entries > maxEntries || bytes > maxUncompressedBytes) {
    throw new DeployStop(
      'repository-too-large',
      `expected trunk to have at most ${maxEntries} files and ${maxUncompressedBytes} bytes, got ${entries} and ${bytes}`,
    );
  }
  const copy = new WorkingCopy(session);
  await copy.checkOut(repository, boundCopy({ entries, bytes }));
  return copy;
}

/** What a copy of a tree of this size may take on the disk. */
export function boundCopy({ entries, bytes }: TreeSize): TreeSize {
  return {
    entries: 2 * entries + overhead.entries,
    bytes: 2 * bytes + entries * overhead.bytesAnEntry + overhead.bytes,
  };
}
