/** The pictures of a plugin's page as they are staged: judged, written anew and kept as blobs, until they are deployed together. */
import { createHash } from 'node:crypto';
import type { AuditAction } from '../../audit/actions.ts';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { keepBytes, type Spool } from '../../evidence/spool.ts';
import { assertWrittenSize, readPicture } from '../../images/picture.ts';
import type { RasterDecoding } from '../../images/raster/decode.ts';
import type { Blobs } from '../../storage/blobs.ts';
import type { Database, Query } from '../../storage/database.ts';
import { requirePlugin } from '../credentials/credential.ts';
import { parseAssetName } from './asset-name.ts';
import {
  type AssetChange,
  type AssetRow,
  deleteAsset,
  listAssets,
  listShownAssets,
  replaceAsset,
  showAssets,
} from './store.ts';

/** What pictures are staged with. */
export interface AssetParts {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly spool: Spool;
  readonly pictures: RasterDecoding;
  readonly now: () => number;
}

/** Which picture of which project. */
export interface AssetOf {
  readonly slug: string;
  readonly name: string;
}

/** What a picture may become when it is written anew, in bytes. */
const maxWrittenBytes = 24 * 1024 * 1024;
/** Names that one plugin has staged. */
const maxAssets = 200;

/**
 * Stages a picture, in place of one of its name before. Throws `invalid` for a name that wordpress.org does not show, and `upload_refused` with an
 * `ImageRule`.
 */
export async function stageAsset(
  parts: AssetParts,
  caller: Caller,
  { of, bytes }: { readonly of: AssetOf; readonly bytes: Uint8Array },
): Promise<AssetRow> {
  const { mediaType, rules } = parseAssetName(of.name);
  // Before the work: nobody has pictures decoded for a project that is not there.
  await requirePlugin(parts.database.query, caller.organisationId, of.slug);
  const picture = await readPicture(parts.pictures.decodeFor(caller.organisationId), bytes, rules);
  const kept = await keepWritten(parts, picture.bytes);
  const sides = { width: Math.ceil(picture.width), height: Math.ceil(picture.height) };
  return change(parts, caller, { of, file: { media_type: mediaType, ...sides, ...kept } });
}

/** Stages the deletion of what the repository has under the name. Throws as `stageAsset` for names. */
export async function stageDeletion(parts: AssetParts, caller: Caller, of: AssetOf): Promise<AssetRow> {
  parseAssetName(of.name);
  return change(parts, caller, {
    of,
    file: { media_type: null, width: null, height: null, sha256: null, size_bytes: null },
  });
}

/** Takes a name out of what is staged: the repository keeps what it has. Throws `not_found`. */
export async function unstageAsset(parts: AssetParts, caller: Caller, of: AssetOf): Promise<void> {
  await parts.database.transaction(async (tx) => {
    const { id } = await requirePlugin(tx, caller.organisationId, of.slug);
    if (!(await deleteAsset(tx, id, of.name))) throw noSuchAsset();
    await recordAssetAct(tx, caller, { of, action: 'wordpress.asset_unstaged', at: parts.now() });
  });
}

/**
 * The picture of that name: strangers see what a confirmed deploy brought or what was published, whoever may see drafts what is staged. Throws
 * `not_found`.
 */
export async function requireAsset(
  query: Query,
  organisationId: string,
  { of: { slug, name }, maySeeStaged }: { readonly of: AssetOf; readonly maySeeStaged: boolean },
): Promise<Picture> {
  const { id } = await requirePlugin(query, organisationId, slug).catch(() => {
    throw noSuchAsset();
  });
  const staged = maySeeStaged ? (await listAssets(query, id)).find((one) => one.name === name) : undefined;
  const picture = staged
    ? describeShown(staged).shown
    : (await listShownAssets(query, id)).find((one) => one.name === name);
  if (!picture) throw noSuchAsset();
  return { sha256: picture.sha256, media_type: picture.media_type, size_bytes: picture.size_bytes };
}

/** A picture that can be sent. */
export type Picture = NonNullable<AssetChange['shown']>;

/** What strangers are to see of a name once this is confirmed. */
export function describeShown({ name, sha256, media_type, size_bytes }: AssetRow): AssetChange {
  const isPicture = sha256 !== null && media_type !== null && size_bytes !== null;
  return { name, shown: isPicture ? { sha256, media_type, size_bytes } : null };
}

/**
 * Shows what is staged to everybody, for a plugin that is not at wordpress.org and has no deploy that would. Throws `conflict`, rule `batch-changed`, when
 * something else is staged than was looked at.
 */
export async function publishAssets(
  { database, now }: Pick<AssetParts, 'database' | 'now'>,
  caller: Caller,
  { slug, batchDigest }: { readonly slug: string; readonly batchDigest: string },
): Promise<void> {
  await database.transaction(async (tx) => {
    const { id } = await requirePlugin(tx, caller.organisationId, slug);
    const staged = await listAssets(tx, id);
    if (digestBatch(staged) !== batchDigest) {
      throw new Refusal('conflict', 'other pictures are staged than were looked at', {
        rule: 'batch-changed',
        hint: 'signpost wordpress assets list',
      });
    }
    await showAssets(tx, id, staged.map(describeShown));
    await recordAudit(tx, now(), {
      ...caller,
      action: 'wordpress.assets_published',
      object: { kind: 'project', id: slug },
      detail: { batch_digest: batchDigest, pictures: staged.length },
    });
  });
}

/** The SHA-256 that stands for exactly what is staged, in hex. */
export function digestBatch(rows: readonly AssetRow[]): string {
  const batch = rows.map(({ name, sha256, media_type }) => [name, sha256, media_type]);
  return createHash('sha256')
    .update(JSON.stringify(['signpost wordpress assets v1', batch]))
    .digest('hex');
}

async function change(
  { database, now }: AssetParts,
  caller: Caller,
  { of, file }: { of: AssetOf; file: Pick<AssetRow, 'media_type' | 'sha256' | 'size_bytes' | 'width' | 'height'> },
): Promise<AssetRow> {
  const at = now();
  return database.transaction(async (tx) => {
    const { id } = await requirePlugin(tx, caller.organisationId, of.slug);
    const staged = await listAssets(tx, id);
    const before = staged.find(({ name }) => name === of.name);
    if (before?.sha256 === file.sha256 && before.media_type === file.media_type) return before;
    if (!before && staged.length >= maxAssets) {
      throw new Refusal('conflict', `expected at most ${maxAssets} pictures of a plugin`, { rule: 'too-many-assets' });
    }
    const row: AssetRow = { project_id: id, name: of.name, ...file, staged_at: at, deployed_revision: null };
    await replaceAsset(tx, row);
    const action = file.sha256 === null ? 'wordpress.asset_deletion_staged' : 'wordpress.asset_staged';
    await recordAssetAct(tx, caller, { of, action, at, ...(file.sha256 === null ? {} : { sha256: file.sha256 }) });
    return row;
  });
}

async function keepWritten(parts: AssetParts, bytes: Buffer) {
  assertWrittenSize(bytes, maxWrittenBytes);
  const { sha256, sizeBytes } = await keepBytes(parts, bytes);
  return { sha256, size_bytes: sizeBytes };
}

function noSuchAsset(): Refusal {
  return new Refusal('not_found', 'there is no such picture', {
    rule: 'no-asset',
    hint: 'signpost wordpress assets list',
  });
}

async function recordAssetAct(
  tx: Query,
  caller: Caller,
  act: {
    readonly of: AssetOf;
    readonly action: Extract<AuditAction, `wordpress.asset_${string}`>;
    readonly at: number;
    readonly sha256?: string;
  },
): Promise<void> {
  const { of, action, at, sha256 } = act;
  await recordAudit(tx, at, {
    ...caller,
    action,
    object: { kind: 'project', id: of.slug },
    detail: { name: of.name, ...(sha256 === undefined ? {} : { sha256 }) },
  });
}
