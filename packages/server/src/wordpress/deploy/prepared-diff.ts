/** What a deploy would commit, in the form that a person confirms: the list of changes with the digest of every file, and its own digest. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Refusal } from '../../errors.ts';
import type { StatusLine, WorkingCopy } from '../svn/working-copy.ts';
import type { TrunkReplacement } from './replace-trunk.ts';
import { digestFile } from './trunk-tree.ts';

/** A picture by its bytes, with its sides in pixels where they are known. */
export interface PictureFacts {
  readonly sha256: string;
  readonly width: number | null;
  readonly height: number | null;
}

/** One path that would change, below trunk or in `assets`. */
export interface DiffChange {
  readonly path: string;
  readonly action: 'added' | 'deleted' | 'modified' | 'replaced';
  readonly kind: 'file' | 'directory' | 'other';
  /** In bytes; `null` where there is no file. */
  readonly sizeBefore: number | null;
  readonly sizeAfter: number | null;
  /** Of the file as it would be; `null` where there is none. */
  readonly sha256: string | null;
  readonly isExecutable: boolean;
  /** Properties that are set (`+svn:executable`) or removed, of a file that stays. */
  readonly properties: readonly string[];
  /** Of a picture, on both sides. */
  readonly picture?: { readonly before: PictureFacts | null; readonly after: PictureFacts | null };
}

/** The whole of it. */
export interface PreparedDiff {
  /** The revision in which trunk, or `assets`, changed last. */
  readonly baseRevision: number;
  readonly changes: readonly DiffChange[];
  /** A unified diff of what is text, for people. The digest is over `changes`. */
  readonly text: string;
  /** Whether more text would follow. */
  readonly isTextCut: boolean;
}

/** What is confirmed beside the changes. */
export interface DiffSubject {
  readonly repository: string;
  readonly version: string;
  /** Of the archive. */
  readonly artifactSha256: string;
}

/** Paths that one deploy may change: more would fill a table's row, and no one could look at them. */
const maxChanges = 20_000;

/** Describes what the working copy would commit of trunk. Throws `conflict`, rule `too-many-changes`, and `SvnFailure`. */
export async function describeChanges(copy: WorkingCopy, replacement: TrunkReplacement): Promise<PreparedDiff> {
  const status = await copy.readStatus();
  if (status.length > maxChanges + 1) {
    throw new Refusal('conflict', `expected at most ${maxChanges} paths to change, got ${status.length}`, {
      rule: 'too-many-changes',
    });
  }
  const changes: DiffChange[] = [];
  // Trunk itself only ever gets the mark of the deploy.
  for (const line of status.filter(({ path }) => path !== 'trunk')) {
    changes.push(await describeChange(copy, replacement, line));
  }
  changes.sort((left, right) => (left.path < right.path ? -1 : 1));
  const { text, isCut } = await copy.readDiff();
  const clean = text.toWellFormed().replaceAll('\u0000', '\ufffd');
  return { baseRevision: await copy.readBaseRevision(), changes, text: clean, isTextCut: isCut };
}

/** The SHA-256 that stands for exactly this commit, in hex. Text for people is left out: it follows from the rest. */
export function digestDiff({ repository, version, artifactSha256 }: DiffSubject, diff: PreparedDiff): string {
  const changes = diff.changes.map((change) => [
    ...[change.path, change.action, change.kind, change.sizeBefore, change.sizeAfter, change.sha256],
    ...[change.isExecutable, change.properties],
  ]);
  const document = ['signpost wordpress deploy v1', repository, version, artifactSha256, diff.baseRevision, changes];
  return createHash('sha256').update(JSON.stringify(document)).digest('hex');
}

const actions: Readonly<Record<string, DiffChange['action']>> = { A: 'added', D: 'deleted', R: 'replaced' };

async function describeChange(
  copy: WorkingCopy,
  { before, after, properties }: TrunkReplacement,
  line: StatusLine,
): Promise<DiffChange> {
  const path = line.path.replace(/^trunk\//, '');
  const action = actions[line.content] ?? 'modified';
  const old = before.get(path);
  const now = action === 'deleted' ? undefined : after.get(path);
  return {
    ...{ path, action, kind: now?.kind ?? old?.kind ?? 'other' },
    sizeBefore: old?.kind === 'file' ? old.size : null,
    sizeAfter: now?.kind === 'file' ? now.size : null,
    sha256: now?.kind === 'file' ? await digestFile(join(copy.root, 'trunk', path)) : null,
    isExecutable: now?.isExecutable ?? false,
    properties: properties.get(path) ?? [],
  };
}
