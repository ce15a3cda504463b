/** Files of a working copy that are looked at as pictures: bounded, and never through a link. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { Refusal } from '../../errors.ts';
import { maxAssetBytes } from './asset-name.ts';

/** The bytes of the file. Throws `upload_refused`, rule `image-bytes`, for what is larger than any picture that is taken. */
export async function readFileOf(path: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = await file.stat();
    if (size <= maxAssetBytes) return await file.readFile();
  } finally {
    await file.close();
  }
  throw new Refusal('upload_refused', `expected a picture of at most ${maxAssetBytes} bytes`, { rule: 'image-bytes' });
}
