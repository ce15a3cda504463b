/** The icon of a module: judged and written anew, kept as a blob, and shown by the catalogue in the same transaction. */
import type { Insertable } from 'kysely';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { keepBytes, type Spool } from '../../evidence/spool.ts';
import { assertWrittenSize, type Picture, type PictureRules, readPicture } from '../../images/picture.ts';
import type { RasterDecoding } from '../../images/raster/decode.ts';
import type { ProjectDependencies } from '../../releases/projects/project.ts';
import type { Blobs } from '../../storage/blobs.ts';
import { createId } from '../../storage/ids.ts';
import type { ModuleIconTable } from '../../storage/tables/modules.ts';
import { type ModuleName, requireModule } from '../members/module.ts';
import { type IconRow, listIconFiles, replaceIconFiles } from './store.ts';

/** What icons are set with. */
export interface IconParts extends ProjectDependencies {
  readonly blobs: Blobs;
  readonly spool: Spool;
  readonly pictures: RasterDecoding;
}

/** What is an icon. Thousands are loaded by who looks at a catalogue, so they are small. */
const iconRules: PictureRules = {
  kinds: ['png', 'jpeg', 'webp', 'svg'],
  ...{ maxBytes: 512 * 1024, maxPixels: 2048 * 2048, maxFrames: 1, minSide: 16, maxSide: 2048, rendition: 256 },
};

/** What a picture may become when it is written anew, in bytes; more is refused as the picture that was sent. */
const maxWrittenBytes = 2 * 1024 * 1024;

/**
 * Puts a picture in the place of the icon before. Returns its files; the same picture again changes nothing. Throws `not_found`, `upload_refused`
 * with an `ImageRule`, and what the queue of pictures throws.
 */
export async function setIcon(
  parts: IconParts,
  caller: Caller,
  { name, bytes }: { readonly name: ModuleName; readonly bytes: Uint8Array },
): Promise<readonly IconRow[]> {
  // Before the work: nobody has pictures decoded for a module that is not there.
  await requireModule(parts.database.query, caller.organisationId, name);
  const picture = await readPicture(parts.pictures.decodeFor(caller.organisationId), bytes, iconRules);
  const files = await keepPicture(parts, picture);
  return replaceIcon(parts, caller, { name, files });
}

/** Takes the icon away; a module without one stays as it is. Throws `not_found`. */
export async function removeIcon(parts: IconParts, caller: Caller, name: ModuleName): Promise<void> {
  await replaceIcon(parts, caller, { name, files: [] });
}

type NewFile = Omit<Insertable<ModuleIconTable>, 'id' | 'module_id' | 'created_at' | 'ended_at'>;

/** The files as durable blobs: no row names what may be lost. */
async function keepPicture(parts: IconParts, { mediaType, bytes, rendition, ...sides }: Picture): Promise<NewFile[]> {
  const media_type = mediaType as ModuleIconTable['media_type'];
  const [width, height] = [Math.ceil(sides.width), Math.ceil(sides.height)];
  const files: NewFile[] = [{ part: 'picture', media_type, width, height, ...(await keepWritten(parts, bytes)) }];
  if (!rendition) return files;
  const png = { part: 'rendition', media_type: 'image/png', ...readPngSides(rendition) } as const;
  return [...files, { ...png, ...(await keepWritten(parts, rendition)) }];
}

/** Of a PNG of our own: its first chunk begins with them (PNG, 11.2.1). */
function readPngSides(png: Buffer): { readonly width: number; readonly height: number } {
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20) };
}

async function keepWritten(parts: IconParts, bytes: Buffer) {
  assertWrittenSize(bytes, maxWrittenBytes);
  const { sha256, sizeBytes } = await keepBytes(parts, bytes);
  return { sha256, size_bytes: sizeBytes };
}

async function replaceIcon(
  { database, now, catalogues }: IconParts,
  caller: Caller,
  { name, files }: { readonly name: ModuleName; readonly files: readonly NewFile[] },
): Promise<readonly IconRow[]> {
  const at = now();
  return database.transaction(async (tx) => {
    const module = await requireModule(tx, caller.organisationId, name);
    const before = await listIconFiles(tx, module.project_id);
    if (listDigests(before) === listDigests(files)) return before;
    const moduleId = module.project_id;
    const rows = files.map((file) => ({
      ...file,
      id: createId(at),
      module_id: moduleId,
      created_at: at,
      ended_at: null,
    }));
    await replaceIconFiles(tx, { moduleId, at }, rows);
    const [picture] = files;
    await recordAudit(tx, at, {
      ...caller,
      action: picture ? 'module.icon_set' : 'module.icon_removed',
      object: { kind: 'module', id: name.slug },
      ...(picture ? { detail: { sha256: picture.sha256, media_type: picture.media_type } } : {}),
    });
    await catalogues.reflect(tx, { project: { ...module, id: moduleId }, act: 'changed', at });
    return rows;
  });
}

function listDigests(files: readonly { readonly part: string; readonly sha256: string }[]): string {
  return files
    .map(({ part, sha256 }) => `${part} ${sha256}`)
    .sort()
    .join();
}
