/** The lane of pictures: what is staged becomes one commit to `assets`, beside whatever becomes of code. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { readPicture } from '../../images/picture.ts';
import type { DeployParts } from '../deploy/deploy.ts';
import { DeployStop } from '../deploy/failure.ts';
import type { Lane, Staged } from '../deploy/lane.ts';
import { type DiffChange, digestDiff, type PictureFacts, type PreparedDiff } from '../deploy/prepared-diff.ts';
import { alteringProperties } from '../deploy/replace-trunk.ts';
import { boundCopy } from '../deploy/staging.ts';
import type { DeployRow } from '../deploy/store.ts';
import { digestFile, readTree, type TreeNode } from '../deploy/trunk-tree.ts';
import {
  deployProperty,
  exportTree,
  listDifferences,
  listMarkedRevisions,
  measureTree,
  type TreeAt,
} from '../svn/repository.ts';
import type { SvnSession } from '../svn/run.ts';
import { WorkingCopy } from '../svn/working-copy.ts';
import { describeShown, digestBatch } from './asset.ts';
import { parseAssetName } from './asset-name.ts';
import { readFileOf } from './picture-file.ts';
import { type AssetChange, type AssetRow, listAssets, settleAssets, showAssets } from './store.ts';

/** What `assets` of a repository may hold. */
const limits = { entries: 2000, bytes: 512 * 1024 * 1024 } as const;
const mimeType = 'svn:mime-type';

/** Pictures. */
export const assetsLane: Lane = {
  assertOpen: async () => undefined,
  assertStill: async () => undefined,
  stage: async (parts, row, { session, enter }) => {
    const staged = await requireBatch(parts, row);
    await enter('fetching');
    const size = await measureTree(session, { url: assetsUrl(row) });
    if (size.entries > limits.entries || size.bytes > limits.bytes)
      throw new DeployStop('repository-too-large', 'assets of the repository holds too much');
    const copy = new WorkingCopy(session, 'assets');
    await copy.checkOut(row.repository, boundCopy(size));
    await enter('comparing');
    return stageIn(copy, parts, { row, staged });
  },
  // Whoever commits there can write a message: only a revision that holds what was confirmed counts.
  settle: async (parts, row, session) => {
    for (const revision of await listMarkedRevisions(session, assetsUrl(row), describeMark(row))) {
      if (await isDeployedBy(parts, row, { session, revision })) return { kind: 'deployed', revision };
    }
    return undefined;
  },
  conclude: async (tx, row, revision) => {
    const staged = await listAssets(tx, row.project_id);
    const isSame = digestBatch(staged) === row.artifact_sha256;
    const changes = isSame ? staged.map(describeShown) : parseDiff(row).changes.map(describeDeployed);
    await settleAssets(tx, row.project_id, { revision, changes });
    await showAssets(tx, row.project_id, changes);
  },
};

function describeDeployed({ path: name, sha256, sizeAfter }: DiffChange): AssetChange {
  if (sha256 === null || sizeAfter === null) return { name, shown: null };
  return { name, shown: { sha256, size_bytes: sizeAfter, media_type: parseAssetName(name).mediaType } };
}

async function requireBatch({ database }: DeployParts, row: DeployRow): Promise<readonly AssetRow[]> {
  const staged = await listAssets(database.query, row.project_id);
  if (digestBatch(staged) === row.artifact_sha256) return staged;
  throw new DeployStop('batch-changed', 'other pictures are staged than when the deploy was asked for');
}

async function stageIn(
  copy: WorkingCopy,
  parts: DeployParts,
  { row, staged }: { readonly row: DeployRow; readonly staged: readonly AssetRow[] },
): Promise<Staged> {
  const folder = join(copy.root, 'assets');
  const before = await readTree(folder);
  const pictures = new Map<string, PictureFacts | null>();
  for (const { name } of staged) pictures.set(name, await describeBefore(parts, row, { folder, name, before }));
  for (const one of staged) await writeAsset(parts, folder, { one, before });
  const puts = staged.filter(({ sha256 }) => sha256 !== null);
  const deletions = staged.filter(({ name, sha256 }) => sha256 === null && before.has(name));
  await copy.schedule('add', puts.filter(({ name }) => !before.has(name)).map(inAssets));
  await copy.schedule('delete', deletions.map(inAssets));
  await alignProperties(copy, puts);
  await copy.setProperty(deployProperty, row.id, ['assets']);
  const diff = await describeBatch(copy, { staged, before, pictures });
  if (diff.changes.length === 0) throw new DeployStop('nothing-changes', 'the repository has all of this already');
  const subject = { repository: row.repository, version: row.version, artifactSha256: row.artifact_sha256 };
  const message = `Update the pictures of the plugin's page\n\n${describeMark(row)}\n`;
  return {
    ...{ diff, digest: digestDiff(subject, diff), complete: async () => undefined },
    commit: () => copy.commit(['assets'], message),
  };
}

async function writeAsset(
  { blobs }: DeployParts,
  folder: string,
  { one, before }: { readonly one: AssetRow; readonly before: ReadonlyMap<string, TreeNode> },
): Promise<void> {
  const kind = before.get(one.name)?.kind ?? 'file';
  if (kind !== 'file') throw new DeployStop('repository-layout', `expected ${one.name} in assets to be a file`);
  if (one.sha256 === null) return;
  const path = join(folder, one.name);
  // Equal bytes are left alone, so that nothing is sent for them.
  if (before.has(one.name) && (await digestFile(path)) === one.sha256) return;
  await writeFile(path, await buffer(blobs.read(one.sha256)));
}

/** The media type, by which wordpress.org shows a picture and does not download it; nothing that alters bytes. */
async function alignProperties(copy: WorkingCopy, puts: readonly AssetRow[]): Promise<void> {
  const present = await copy.listProperties();
  for (const property of alteringProperties) {
    const bearing = puts.filter((one) => present.get(inAssets(one))?.has(property)).map(inAssets);
    await copy.removeProperty(property, [...bearing, ...(present.get('assets')?.has(property) ? ['assets'] : [])]);
  }
  for (const type of new Set(puts.map(({ media_type }) => media_type ?? ''))) {
    const ofType = puts.filter(({ media_type }) => media_type === type);
    await copy.setProperty(mimeType, type, ofType.map(inAssets));
  }
}

async function describeBatch(
  copy: WorkingCopy,
  known: {
    readonly staged: readonly AssetRow[];
    readonly before: ReadonlyMap<string, TreeNode>;
    readonly pictures: ReadonlyMap<string, PictureFacts | null>;
  },
): Promise<PreparedDiff> {
  const changes: DiffChange[] = [];
  for (const line of (await copy.readStatus()).filter(({ path }) => path !== 'assets')) {
    const path = line.path.replace(/^assets\//, '');
    const row = known.staged.find(({ name }) => name === path);
    if (!row) throw new DeployStop('repository-layout', `expected nothing to become of ${path} in assets`);
    const { sha256, size_bytes: sizeAfter, width, height, media_type } = row;
    const after = sha256 === null ? null : { sha256, width, height };
    const isNew = !known.before.has(path);
    changes.push({
      ...{ path, kind: 'file', sizeBefore: known.before.get(path)?.size ?? null, sizeAfter, sha256 },
      ...{ action: sha256 === null ? 'deleted' : isNew ? 'added' : 'modified', isExecutable: false },
      properties: line.properties === 'M' || isNew ? [`+${mimeType}=${media_type}`] : [],
      picture: { before: known.pictures.get(path) ?? null, after },
    });
  }
  changes.sort((left, right) => (left.path < right.path ? -1 : 1));
  return { baseRevision: await copy.readBaseRevision(), changes, text: '', isTextCut: false };
}

/** What the repository has under the name; its sides only where it can be decoded. */
async function describeBefore(
  { pictures }: DeployParts,
  { organisation_id }: DeployRow,
  where: { readonly folder: string; readonly name: string; readonly before: ReadonlyMap<string, TreeNode> },
): Promise<PictureFacts | null> {
  if (where.before.get(where.name)?.kind !== 'file') return null;
  const path = join(where.folder, where.name);
  const sha256 = await digestFile(path);
  const file = await readFileOf(path).catch(() => undefined);
  const { sizes: _, ...rules } = parseAssetName(where.name).rules;
  const picture = file && (await readPicture(pictures.decodeFor(organisation_id), file, rules).catch(() => undefined));
  return { sha256, width: picture?.width ?? null, height: picture?.height ?? null };
}

/** Whether the revision holds each file that was confirmed, and changed no other. */
async function isDeployedBy(
  _parts: DeployParts,
  row: DeployRow,
  { session, revision }: { readonly session: SvnSession; readonly revision: number },
): Promise<boolean> {
  const { changes, baseRevision } = parseDiff(row);
  const [before, after]: readonly TreeAt[] = [baseRevision, revision].map((at) => ({
    url: assetsUrl(row),
    revision: at,
  }));
  if (!before || !after) return false;
  const altered = (await listDifferences(session, before, after)).filter((path) => !path.endsWith('/assets'));
  const names = new Set(changes.map(({ path }) => path));
  if (altered.length !== names.size || !altered.every((path) => names.has(path.split('/').at(-1) ?? ''))) return false;
  const found = join(await mkdtemp(join(session.scratch, 'assets-')), 'found');
  await exportTree(session, after, { into: found, bounds: boundCopy(await measureTree(session, after)) });
  const there = await readTree(found);
  for (const { path, sha256 } of changes) {
    if (sha256 === null ? there.has(path) : there.get(path)?.kind !== 'file') return false;
    if (sha256 !== null && (await digestFile(join(found, path))) !== sha256) return false;
  }
  return true;
}

function parseDiff({ diff }: DeployRow): PreparedDiff {
  if (diff === null) throw new TypeError('expected a deploy that was confirmed to have its diff');
  return JSON.parse(diff) as PreparedDiff;
}

function assetsUrl({ repository }: DeployRow): string {
  return `${repository}/assets`;
}

function describeMark({ id }: DeployRow): string {
  return `Signpost-Deploy: ${id}`;
}

function inAssets({ name }: AssetRow): string {
  return `assets/${name}`;
}
