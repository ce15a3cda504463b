/** A working copy in a scratch folder that holds what a deploy would commit. The folder is there for as long as the work on it. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal } from '../../errors.ts';
import { maxEntries } from '../../releases/inspection/budget.ts';
import type { RepositoryAccess } from '../credentials/credential.ts';
import { unpackPluginAt } from '../plugin/archive-thread.ts';
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

const folderOf = (dataDir: string) => join(dataDir, 'wordpress');

/** Runs `work` with a session in a folder of its own, which is removed in any case. */
export async function withSession<T>(
  { config }: Pick<DeployParts, 'config'>,
  { access, signal }: { access: RepositoryAccess; signal: AbortSignal },
  work: (session: SvnSession) => Promise<T>,
): Promise<T> {
  await mkdir(folderOf(config.dataDir), { recursive: true, mode: 0o700 });
  const scratch = await mkdtemp(join(folderOf(config.dataDir), 'deploy-'));
  try {
    return await work({ scratch, login: access, signal });
  } finally {
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
  const limits = { maxUncompressedBytes: parts.config.maxUncompressedMb * 2 ** 20 };
  await enter('unpacking');
  const archive = parts.blobs.locate(row.artifact_sha256);
  if (archive === undefined) throw new Refusal('unavailable', 'the file of the release does not lie on this machine');
  const folder = join(session.scratch, 'plugin');
  await mkdir(folder);
  const entries = await unpackPluginAt(archive, limits, folder);
  await enter('fetching');
  const copy = await fetchTrunk(session, row.repository, limits);
  await enter('comparing');
  const replacement = await replaceTrunk(copy, { folder, entries, deployId: row.id });
  const diff = await describeChanges(copy, replacement);
  const subject = { repository: row.repository, version: row.version, artifactSha256: row.artifact_sha256 };
  return { copy, diff, digest: digestDiff(subject, diff) };
}

async function fetchTrunk(
  session: SvnSession,
  repository: string,
  { maxUncompressedBytes }: { maxUncompressedBytes: number },
): Promise<WorkingCopy> {
  const { entries, bytes } = await measureTree(session, `${repository}/trunk`);
  if (entries > maxEntries || bytes > maxUncompressedBytes) {
    throw new DeployStop(
      'repository-too-large',
      `expected trunk to have at most ${maxEntries} files and ${maxUncompressedBytes} bytes, got ${entries} and ${bytes}`,
    );
  }
  const copy = new WorkingCopy(session);
  await copy.checkOut(repository);
  return copy;
}
