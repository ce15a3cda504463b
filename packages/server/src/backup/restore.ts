/**
 * Restores a backup: everything is proved beside what is in force, files join the blobs, and then the database alone is
 * exchanged by one atomic step (`storage/swap/`). At no moment do rows and files of two states meet: a row names its file
 * by content, and files are only added.
 */
import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Actor } from '../audit/audit.ts';
import type { Config } from '../config.ts';
import { Refusal } from '../errors.ts';
import type { Blobs } from '../storage/blobs.ts';
import type { Database } from '../storage/database.ts';
import type { StagedDatabase, Swap } from '../storage/swap/staged.ts';
import { carryLogs } from '../trust/log/carry.ts';
import type { VaultRecord } from '../vault/store.ts';
import type { Opener } from './age/encryption.ts';
import { type Manifest, parseMemberName } from './archive/manifest.ts';
import { listFingerprints } from './content.ts';
import { readChainEnd, readVaultInForce, settleRestored } from './store.ts';
import {
  type OpenBackup,
  openBackup,
  type UnpackProgress,
  type UnpackTools,
  unpackFiles,
  unpackRows,
} from './unpack.ts';

/** What a restore works with. */
export interface RestoreParts {
  readonly config: Pick<Config, 'dataDir' | 'restoreMaxUnpackedMb'>;
  readonly blobs: Blobs;
  readonly swap: Swap;
  /** The database in force; undefined when there is none yet. */
  readonly current: Database | undefined;
  readonly now: () => number;
}

/** What shall be restored, and who wants it. */
export interface RestoreRequest {
  readonly path: string;
  readonly opener: Opener | undefined;
  /** Take a backup whose vault opens by another master password than the one in force. */
  readonly otherVault: boolean;
  readonly actor: Actor;
  readonly report: (progress: UnpackProgress) => void;
  /** Aborted when the work shall end; it is looked at until everything is proved. */
  readonly signal?: AbortSignal | undefined;
}

/** A backup that was proved, ready to be taken into force. */
export interface PreparedRestore {
  readonly manifest: Manifest;
  readonly migrations: readonly string[];
  /** Takes along what was logged since; called once nobody is answered any more, and before the database in force is closed. */
  takeLogAlong(): Promise<void>;
  /** Takes it into force by one atomic step; the database in force must be closed. */
  place(): Promise<void>;
  discard(): Promise<void>;
}

const bytesPerMib = 1024 * 1024;

/** Where restores work, inside the data folder: on the file system of database and blobs. */
export function restoreFolder(dataDir: string): string {
  return join(dataDir, 'restore');
}

/**
 * Proves the backup and stages it; nothing in force changes, but that files which rows of the backup name join the
 * blobs. Throws `upload_refused` with the rule that the backup breaks, `conflict` for another vault, `unavailable` when
 * there is no room.
 */
export async function prepareRestore(parts: RestoreParts, request: RestoreRequest): Promise<PreparedRestore> {
  const dir = join(restoreFolder(parts.config.dataDir), 'work');
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const maxUnpackedBytes = parts.config.restoreMaxUnpackedMb * bytesPerMib;
  const { opener, report, signal } = request;
  const tools: UnpackTools = { dir, opener, maxUnpackedBytes, report, signal };
  try {
    const backup = await openBackup(request.path, tools);
    try {
      return await stage(parts, request, { backup, tools });
    } finally {
      backup.close();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function stage(
  parts: RestoreParts,
  request: RestoreRequest,
  { backup, tools }: { backup: OpenBackup; tools: UnpackTools },
): Promise<PreparedRestore> {
  const { manifest } = backup;
  const vault = await findSameVault(parts, request, manifest);
  await assertRoom(tools.dir, manifest);
  const files = join(tools.dir, 'files');
  await unpackFiles(backup, tools, files);
  const staged = await parts.swap.stage();
  try {
    const migrations = await unpackRows(staged.database, backup, tools);
    const replaced = await readReplaced(parts.current);
    await settleRestored(staged.database, { actor: request.actor, now: parts.now(), manifest, replaced, vault });
    const takeLogAlong = () => carryLogs({ ...parts, staged: staged.database });
    await takeLogAlong();
    await adoptFiles(parts.blobs, manifest, files);
    return { ...prepared(staged, manifest, migrations), takeLogAlong };
  } catch (error) {
    await staged.discard();
    throw error;
  }
}

function prepared(
  staged: StagedDatabase,
  manifest: Manifest,
  migrations: readonly string[],
): Omit<PreparedRestore, 'takeLogAlong'> {
  return { manifest, migrations, place: () => staged.place(), discard: () => staged.discard() };
}

/**
 * The row of the vault in force when the backup is of the same one, under whichever password; undefined when there is none, or
 * another is wanted. Another vault's secrets would open for nobody here who does not know its master password.
 */
async function findSameVault(
  { current }: RestoreParts,
  { otherVault }: RestoreRequest,
  { vault }: Manifest,
): Promise<VaultRecord | undefined> {
  // What cannot be read cannot be compared, and is what a restore is for.
  const row = current && (await readVaultInForce(current.query).catch(() => undefined));
  if (row && vault !== null && listFingerprints(row).includes(vault)) return row;
  if (otherVault || row === undefined) return undefined;
  throw new Refusal('conflict', 'expected a backup of the vault in force, got one of another vault', {
    rule: 'backup-other-vault',
    hint: 'with the master password of that vault at hand: --other-vault',
  });
}

/** Room for the files and, twice, for the rows: as a database, and as its journal. */
async function assertRoom(dir: string, manifest: Manifest): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  const needed = manifest.members.reduce(
    (sum, { name, size_bytes }) => sum + size_bytes * (parseMemberName(name)?.kind === 'table' ? 3 : 1),
    0,
  );
  if (bavail * bsize > needed) return;
  throw new Refusal('unavailable', `expected ${needed} bytes of room for the restore, got ${bavail * bsize}`, {
    rule: 'disk-full',
    hint: 'make room on the disk of the data folder',
  });
}

/** What goes out of force may be damaged beyond reading: that is what restores are for. */
async function readReplaced(current: Database | undefined) {
  return current && readChainEnd(current.query).catch(() => undefined);
}

async function adoptFiles(blobs: Blobs, { members }: Manifest, files: string): Promise<void> {
  for (const { name, sha256 } of members) {
    if (parseMemberName(name)?.kind === 'blob') await blobs.adopt(join(files, sha256), sha256);
  }
}
