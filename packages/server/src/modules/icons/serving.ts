/** Icons as everybody may have them. A row without a file and a module without a row are told apart to the operator, and to nobody else. */
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { Logger } from 'pino';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Blobs } from '../../storage/blobs.ts';
import type { Database } from '../../storage/database.ts';
import { type ModuleName, requireModule } from '../members/module.ts';
import { nameIconFile } from './icon-file.ts';
import type { MissingIcons } from './missing-icons.ts';
import { findIconFile, type IconRow, listIconFiles } from './store.ts';

/** What icons are read with. */
export interface IconReading {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly missing: MissingIcons;
  readonly now: () => number;
  readonly log: Logger;
}

/** A file of an icon with its bytes, which are those of its digest. */
export interface ServedIcon {
  readonly row: IconRow;
  readonly bytes: Buffer;
}

/** The icon of a module; with `png`, as PNG. Throws the one `not_found` that strangers see. */
export async function readModuleIcon(
  reading: IconReading,
  caller: Caller,
  { name, png }: { readonly name: ModuleName; readonly png: boolean },
): Promise<ServedIcon> {
  const { query } = reading.database;
  const module = await requireModule(query, caller.organisationId, name).catch(withoutDetails);
  const rows = await listIconFiles(query, module.project_id);
  const row = png
    ? rows.find(({ media_type }) => media_type === 'image/png')
    : rows.find(({ part }) => part === 'picture');
  // A picture that is no PNG and no drawing has none: that is no drift.
  if (!row && rows.length > 0) throw noSuchIcon();
  return readFile(reading, caller, { id: module.project_id, slug: name.slug, row });
}

/** A file by its name, which `iconFilePattern` allows. Throws the one `not_found` that strangers see. */
export async function readIconFile(reading: IconReading, caller: Caller, file: string): Promise<ServedIcon> {
  const row = await findIconFile(reading.database.query, caller.organisationId, file.slice(0, 64));
  // Names are the choice of whoever asks: what none of them leads to is no news.
  if (!row || nameIconFile(row) !== file) throw noSuchIcon();
  return readFile(reading, caller, { id: row.module_id, slug: row.slug, row });
}

interface Wanted {
  readonly id: string;
  readonly slug: string;
  readonly row: IconRow | undefined;
}

async function readFile(reading: IconReading, caller: Caller, wanted: Wanted): Promise<ServedIcon> {
  const { row } = wanted;
  if (!row) return tellMissing(reading, caller, { ...wanted, missing: 'row' });
  const bytes = await readBytes(reading, row);
  if (!bytes) return tellMissing(reading, caller, { ...wanted, missing: 'file' });
  return { row, bytes };
}

/** Undefined for a file that is gone, cut short, or another one: an address by digest never answers with something else. */
async function readBytes({ blobs }: IconReading, { sha256 }: IconRow): Promise<Buffer | undefined> {
  const bytes = await readBlob(blobs, sha256);
  return bytes && createHash('sha256').update(bytes).digest('hex') === sha256 ? bytes : undefined;
}

async function readBlob(blobs: Blobs, sha256: string): Promise<Buffer | undefined> {
  try {
    return await buffer(blobs.read(sha256));
  } catch (error) {
    if (error instanceof Refusal && error.code === 'not_found') return undefined;
    throw error;
  }
}

async function tellMissing(
  { database, missing: told, now, log }: IconReading,
  caller: Caller,
  { id, slug, row, missing }: Wanted & { readonly missing: 'row' | 'file' },
): Promise<never> {
  const at = now();
  const detail = { missing, ...(row ? { sha256: row.sha256 } : {}) };
  if (told.isNews(`${missing} ${id}`, at)) {
    if (missing === 'file') log.error({ module: slug, ...detail }, 'the file of an icon is missing: signpost doctor');
    else log.info({ module: slug, ...detail }, 'a module without an icon was asked for it');
    await database.transaction((tx) =>
      recordAudit(tx, at, {
        ...caller,
        action: 'module.icon_missing',
        object: { kind: 'module', id: slug },
        outcome: 'refused',
        detail,
      }),
    );
  }
  throw noSuchIcon();
}

function withoutDetails(error: unknown): never {
  throw error instanceof Refusal && error.code === 'not_found' ? noSuchIcon() : error;
}

/** The same words for whatever is missing. */
function noSuchIcon(): Refusal {
  return new Refusal('not_found', 'there is no such icon', { rule: 'no-icon' });
}
