/** Catalogues on a mirror: each is verified with all that it offers before it is written, its icons first. */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CatalogueCache, CatalogueCheck } from '@signpost/protocol/client/check-catalogue';
import type { Updater } from '@signpost/protocol/client/updater';
import { TrustError } from '@signpost/protocol/errors';
import { writeFileAtomically } from '../files/atomic-write.ts';
import { type Client, readBounded } from '../http/client.ts';
import { Failure } from '../terminal/failure.ts';

/** What a mirror of catalogues is made with; the cache is the updater's. */
export interface CatalogueMirror {
  readonly dir: string;
  readonly client: Client;
  readonly updater: Updater;
  readonly catalogues: CatalogueCache;
  /** How the server calls itself in its download URLs, where that is not the address that is asked. */
  readonly servedAs: string | undefined;
}

/** A catalogue that was verified, and is not written yet. */
export interface MirroredCatalogue {
  readonly collection: string;
  readonly version: number;
  readonly modules: readonly string[];
  readonly icons: number;
  readonly bytes: Uint8Array;
}

/** The largest picture that is mirrored, in bytes. */
const maxIconBytes = 2 * 1024 * 1024;
/** The end of an address of ours: it names the picture by its SHA-256. */
const iconPattern = /\/api\/icons\/(([0-9a-f]{64})\.(?:png|jpg|webp))$/;

/**
 * Verifies the catalogue of a collection and writes its icons. Throws TrustError for a catalogue or an icon that is not what was signed, and for any module
 * that clients would refuse. Undefined when none was signed yet.
 */
export async function mirrorCatalogue(
  mirror: CatalogueMirror,
  collection: string,
): Promise<MirroredCatalogue | undefined> {
  const found = await mirror.updater.checkCatalogue({ collection, servedAs: mirror.servedAs });
  if (found.kind === 'none') return undefined;
  const entries = listEntries(found);
  const kept = await mirror.catalogues.read(collection);
  if (!kept) throw new Failure('refused', `the server sends the catalogue of ${collection} without an ETag`);
  let icons = 0;
  for (const { imageUrl } of entries) {
    // Pictures that lie elsewhere stay there.
    const [, file, sha256] = iconPattern.exec(imageUrl ?? '') ?? [];
    if (file === undefined || sha256 === undefined) continue;
    await mirrorIcon(mirror, { file, sha256 });
    icons += 1;
  }
  const { version } = found.catalogue;
  return { collection, version, modules: entries.map(({ slug }) => slug), icons, bytes: kept.bytes };
}

function listEntries(found: Extract<CatalogueCheck, { kind: 'catalogue' }>) {
  return found.modules.map((module) => {
    if (module.kind === 'refused') throw module.error;
    return module.entry;
  });
}

async function mirrorIcon(
  { dir, client }: CatalogueMirror,
  { file, sha256 }: { readonly file: string; readonly sha256: string },
): Promise<void> {
  const path = join(dir, 'api', 'icons', file);
  const present = await readFile(path).catch(() => undefined);
  if (present && digest(present) === sha256) return;
  const bytes = await readBounded(
    await client.send('GET', `/api/icons/${file}`, { headers: { Accept: 'image/*' } }),
    maxIconBytes,
  );
  const got = digest(bytes);
  if (got !== sha256) throw new TrustError('digest_mismatch', `expected SHA-256 ${sha256} of an icon, got ${got}`);
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomically(path, bytes, 0o644);
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
