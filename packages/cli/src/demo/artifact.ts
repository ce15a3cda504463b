/** A real artifact for the demo: this checkout's `packages/protocol`, packed. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { encodeZip } from './zip.ts';

const source = join(import.meta.dirname, '../../../protocol');

/** Packs the source of the protocol package into `path`, with a note that makes each version another file. Returns its size in bytes. */
export async function packProtocol(path: string, version: string): Promise<number> {
  const files = await listFiles(join(source, 'src'));
  const entries = await Promise.all(
    [join(source, 'package.json'), ...files].map(async (file) => ({
      name: `protocol/${relative(source, file).split(sep).join('/')}`,
      bytes: await readFile(file),
    })),
  );
  const note = { name: 'protocol/RELEASE', bytes: new TextEncoder().encode(`${version}\n`) };
  const zip = encodeZip([...entries, note]);
  await writeFile(path, zip);
  return zip.length;
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
