/** Thousands of damaged archives: each is accepted or refused by a rule, quickly, and never anything else. */
import { Refusal } from '../../../src/errors.ts';
import { MemorySource } from '../../../src/releases/inspection/byte-source.ts';
import { judgeFile } from '../../../src/releases/inspection/judge-file.ts';
import { uploadRules } from '../../../src/releases/inspection/rules.ts';
import { createArchives } from './archive-damage.ts';

/** What came of it. */
export interface FuzzOutcome {
  readonly accepted: number;
  /** How often each rule refused. */
  readonly refused: ReadonlyMap<string, number>;
  readonly slowestMs: number;
}

const limits = { maxUncompressedBytes: 64 * 1024 * 1024, timeLimitMs: 10_000 };

/** Judges `count` archives that `seed` determines. Throws at the first that is neither accepted nor refused by a rule. */
export async function fuzzArchives(options: { count: number; seed: number }): Promise<FuzzOutcome> {
  const nextArchive = createArchives(options.seed);
  const refused = new Map<string, number>();
  let accepted = 0;
  let slowestMs = 0;
  for (let index = 0; index < options.count; index++) {
    const { name, bytes } = nextArchive();
    const startedAt = performance.now();
    const verdict = await judge(name, bytes);
    slowestMs = Math.max(slowestMs, performance.now() - startedAt);
    if (verdict === 'accepted') accepted++;
    else refused.set(verdict, (refused.get(verdict) ?? 0) + 1);
  }
  return { accepted, refused, slowestMs };
}

async function judge(name: string, bytes: Buffer): Promise<string> {
  try {
    await judgeFile(new MemorySource(bytes), { name, acceptedTypes: ['any'], limits }, () => undefined);
    return 'accepted';
  } catch (error) {
    if (error instanceof Refusal && error.code === 'upload_refused' && (error.rule ?? '') in uploadRules)
      return error.rule ?? '';
    throw new Error(`neither accepted nor refused: ${name} ${bytes.toString('base64')}`, { cause: error });
  }
}
