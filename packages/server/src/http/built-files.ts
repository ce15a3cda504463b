/** Files that a build left: read once, sent from memory, so that what is not among them cannot be asked for. */
import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import type { Context } from 'hono';
import { Refusal } from '../errors.ts';
import type { AppEnv } from './context.ts';
import { isMatch } from './entity-tag.ts';

/** How a file may be sent: as it is, or packed when it was built. */
type Encoding = 'br' | 'gzip' | 'identity';

/** A file in one encoding. */
interface Representation {
  readonly body: Uint8Array<ArrayBuffer>;
  /** Strong: other bytes, other tag (RFC 9110, 8.8.3). */
  readonly etag: string;
}

/** A built file. */
interface BuiltFile {
  readonly mediaType: string;
  /** Its name changes with its content, so whoever has it need never ask again. */
  readonly immutable: boolean;
  readonly encodings: ReadonlyMap<Encoding, Representation>;
}

/** By path below the folder. */
export type BuiltFiles = ReadonlyMap<string, BuiltFile>;

const mediaTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const packedEndings: ReadonlyMap<string, Encoding> = new Map([
  ['.br', 'br'],
  ['.gz', 'gzip'],
]);

/** Reads what was built into `folder`; empty where nothing was. `isImmutable` tells paths whose names hold a hash. */
export async function readBuiltFiles(folder: string, isImmutable: (path: string) => boolean): Promise<BuiltFiles> {
  const files = new Map<string, BuiltFile & { readonly encodings: Map<Encoding, Representation> }>();
  for (const entry of await listFiles(folder)) {
    const name = relative(folder, entry).split(sep).join('/');
    const encoding = packedEndings.get(extname(name)) ?? 'identity';
    const path = encoding === 'identity' ? name : name.slice(0, -extname(name).length);
    const mediaType = mediaTypes[extname(path)];
    if (mediaType === undefined) continue;
    const file = files.get(path) ?? { mediaType, immutable: isImmutable(path), encodings: new Map() };
    file.encodings.set(encoding, represent(await readFile(entry)));
    files.set(path, file);
  }
  return files;
}

async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(none);
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

function none(error: NodeJS.ErrnoException): readonly Dirent[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

function represent(bytes: Uint8Array): Representation {
  const body = new Uint8Array(bytes);
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}

/** Sends `file` in the smallest encoding that the client takes. Throws `not_found` where there is none. */
export function answerBuiltFile(c: Context<AppEnv>, file: BuiltFile | undefined): Response {
  const encoding = chooseEncoding(file, c.req.header('accept-encoding') ?? '');
  const representation = file?.encodings.get(encoding);
  if (!file || !representation) throw new Refusal('not_found', 'there is nothing here');
  c.header('Cache-Control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
  c.header('Vary', 'Accept-Encoding');
  c.header('ETag', representation.etag);
  if (isMatch(c.req.header('if-none-match') ?? '', representation.etag)) return c.body(null, 304);
  if (encoding !== 'identity') c.header('Content-Encoding', encoding);
  c.header('Content-Type', file.mediaType);
  return c.body(representation.body, 200);
}

/** The smallest that the client takes; a `q=0` takes none (RFC 9110, 12.5.3). */
function chooseEncoding(file: BuiltFile | undefined, accepted: string): Encoding {
  const taken = accepted.split(',').map((part) => part.trim().toLowerCase().replaceAll(' ', ''));
  const isTaken = (encoding: Encoding) =>
    taken.some((part) => part === encoding || (part.startsWith(`${encoding};q=`) && !/;q=0(?:\.0*)?$/.test(part)));
  return (['br', 'gzip'] as const).find((encoding) => file?.encodings.has(encoding) && isTaken(encoding)) ?? 'identity';
}
