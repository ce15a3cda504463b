/** Whether every program reads the same files from a tar archive, compressed by gzip or not. */
import { UnpackBudget } from '../budget.ts';
import type { ByteSource } from '../byte-source.ts';
import { readChunks } from '../inflate.ts';
import type { ArchiveContent, Judgement } from '../judgement.ts';
import { gunzipSingle } from './gzip.ts';
import { TarWalk } from './walk.ts';

/** Unpacks the whole archive into nothing. Throws the rule that it breaks. */
export async function judgeTarGz(source: ByteSource, judgement: Judgement): Promise<ArchiveContent> {
  const budget = new UnpackBudget(source.size, judgement.limits);
  const walk = new TarWalk(budget);
  await gunzipSingle(source, (chunk, consumed) => {
    walk.write(chunk);
    judgement.report(consumed / source.size);
  });
  walk.finish();
  return { entries: budget.entries, uncompressedBytes: budget.spentBytes };
}

/** The same for an archive that is not compressed. */
export async function judgeTar(source: ByteSource, judgement: Judgement): Promise<ArchiveContent> {
  const budget = new UnpackBudget(source.size, judgement.limits);
  const walk = new TarWalk(budget);
  for (const chunk of readChunks(source, { offset: 0, length: source.size })) {
    walk.write(chunk);
    judgement.report(budget.spentBytes / source.size);
  }
  walk.finish();
  return { entries: budget.entries, uncompressedBytes: budget.spentBytes };
}
