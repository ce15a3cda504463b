/** The server's own certificate and key in the data folder: in one file, so that they are always those of each other. */
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJsonText } from '../../json-text.ts';
import { syncFolder, writeDurably } from '../../storage/durable-files.ts';

const pairSchema = z.strictObject({
  certificate_id: z.string(),
  authority: z.string(),
  names: z.array(z.string()),
  /** Unix milliseconds. */
  not_before: z.int(),
  not_after: z.int(),
  cert: z.string(),
  key: z.string(),
});

/** The pair, and what it was issued for. */
export type KeptPair = z.infer<typeof pairSchema>;

/** The pair in `folder`; undefined when there is none, or nothing that this server wrote. */
export async function readKeptPair(folder: string): Promise<KeptPair | undefined> {
  const text = await readFile(join(folder, 'server.json'), 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  });
  // A damaged file is made anew, as a missing one is.
  return pairSchema.safeParse(parseJsonText(text)).data;
}

/**
 * Writes a pair in two steps: beside the one that is there, durably and readable for the server alone; then, by the function
 * returned, in its place.
 */
export async function prepareKeptPair(folder: string, pair: KeptPair): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const next = join(folder, 'server.json.next');
  await writeDurably(next, JSON.stringify(pair));
  return async () => {
    await rename(next, join(folder, 'server.json'));
    await syncFolder(folder);
  };
}
