/** Where a download arrives: a part file, and beside it the validator under which it came. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { appendFile, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import type { LandedFile, Landing } from '@signpost/protocol/fetching/download';
import { readArtifactArgument } from '../evidence/artifact-argument.ts';
import { errorCodeOf } from '../files/atomic-write.ts';

/** A landing at `path`. Nothing of it is trusted before it was read back and verified, so a crash may leave anything. */
export function openLanding(path: string): Landing {
  const validator = `${path}.etag`;
  return {
    readPart: async () => ({ bytes: await readSize(path), etag: await readValidator(validator) }),
    start: async (etag) => {
      // The old validator must not be there with new bytes.
      await rm(validator, { force: true });
      await writeFile(path, '', { mode: 0o600 });
      await truncate(path);
      if (etag !== undefined) await writeFile(validator, etag, { mode: 0o600 });
    },
    append: (chunk) => appendFile(path, chunk),
    finish: () => readLanded(path),
    discard: async () => {
      await rm(path, { force: true });
      await rm(validator, { force: true });
    },
  };
}

/** A file that has arrived: its digest is of what is there now. */
export async function readLanded(path: string): Promise<LandedFile> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  const { artifact } = await readArtifactArgument(path);
  return { artifact, sha256: hash.digest('hex'), sizeBytes };
}

async function readSize(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

async function readValidator(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
