/** Damaged archives, unpacked: each into its folder and nowhere else, or refused. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArchiveBudget } from '../../packages/cli/src/fetching/entry-path.ts';
import { unpackTar } from '../../packages/cli/src/fetching/unpack-tar.ts';
import { unpackZip } from '../../packages/cli/src/fetching/unpack-zip.ts';
import { Failure } from '../../packages/cli/src/terminal/failure.ts';
import { createArchives, type DamagedArchive } from '../../packages/server/test/releases/inspection/archive-damage.ts';

const maxBytes = 16 * 1024 * 1024;

/** Unpacks `count` archives that `seed` determines. Throws at the first that is neither unpacked nor refused, or leads out of its folder. */
export async function fuzzUnpacking(options: { readonly count: number; readonly seed: number }) {
  const nextArchive = createArchives(options.seed);
  const place = await mkdtemp(join(tmpdir(), 'signpost-unpack-'));
  const refused = new Map<string, number>();
  let [accepted, slowestMs] = [0, 0];
  try {
    for (let index = 0; index < options.count; index++) {
      const archive = nextArchive();
      const used = process.cpuUsage();
      const verdict = await unpackIn(place, archive);
      const { user, system } = process.cpuUsage(used);
      slowestMs = Math.max(slowestMs, (user + system) / 1000);
      if (verdict === 'accepted') accepted++;
      else refused.set(verdict, (refused.get(verdict) ?? 0) + 1);
    }
  } finally {
    await rm(place, { recursive: true });
  }
  return { accepted, refused, slowestMs };
}

async function unpackIn(place: string, { name, bytes }: DamagedArchive): Promise<string> {
  const [archive, folder] = [join(place, 'archive'), join(place, 'folder')];
  await writeFile(archive, bytes);
  await mkdir(folder);
  try {
    await (name.endsWith('.zip') ? unpackZip : unpackTar)(archive, folder, new ArchiveBudget(maxBytes));
    return 'accepted';
  } catch (error) {
    if (error instanceof Failure && error.code === 'archive_refused') return shorten(error.message);
    throw new Error(`neither unpacked nor refused: ${name} ${bytes.toString('base64')}`, { cause: error });
  } finally {
    await rm(folder, { recursive: true });
    await assertNothingBeside(place, name, bytes);
  }
}

async function assertNothingBeside(place: string, name: string, bytes: Buffer): Promise<void> {
  const names = await readdir(place);
  if (names.length > 1) throw new Error(`out of its folder: ${names} ${name} ${bytes.toString('base64')}`);
}

/** The words that the refusal begins with: names and numbers come behind them. */
function shorten(message: string): string {
  return message
    .replaceAll(/[0-9]+/g, 'N')
    .split(' ')
    .slice(1, 7)
    .join(' ');
}
