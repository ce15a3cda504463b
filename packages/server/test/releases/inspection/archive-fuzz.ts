/** Thousands of damaged archives: each is accepted or refused by a rule, after bounded work, and never anything else. */
import { Refusal } from '../../../src/errors.ts';
import { type ByteSource, MemorySource } from '../../../src/releases/inspection/byte-source.ts';
import { judgeFile } from '../../../src/releases/inspection/judge-file.ts';
import { uploadRules } from '../../../src/releases/inspection/rules.ts';
import { createArchives } from './archive-damage.ts';

/** What came of it. */
export interface FuzzOutcome {
  readonly accepted: number;
  /** How often each rule refused. */
  readonly refused: ReadonlyMap<string, number>;
  /** Of all archives, the most octets that were read of one for each of its own. */
  readonly mostReadings: number;
}

const limits = { maxUncompressedBytes: 64 * 1024 * 1024, timeLimitMs: 10_000 };

/** Judges `count` archives that `seed` determines. Throws at the first that is neither accepted nor refused by a rule. */
export async function fuzzArchives(options: { count: number; seed: number }): Promise<FuzzOutcome> {
  const nextArchive = createArchives(options.seed);
  const refused = new Map<string, number>();
  let accepted = 0;
  let mostReadings = 0;
  for (let index = 0; index < options.count; index++) {
    const { name, bytes } = nextArchive();
    const source = new CountingSource(bytes);
    const verdict = await judge(name, bytes, source);
    mostReadings = Math.max(mostReadings, source.readBytes / Math.max(source.size, smallBytes));
    if (verdict === 'accepted') accepted++;
    else refused.set(verdict, (refused.get(verdict) ?? 0) + 1);
  }
  return { accepted, refused, mostReadings };
}

/** Below this, what is read of each archive counts for more than its size. */
const smallBytes = 4096;

/** Counts what is read: the measure of work that is the same on every machine. */
class CountingSource implements ByteSource {
  readonly size: number;
  readonly #source: MemorySource;
  readBytes = 0;

  constructor(bytes: Buffer) {
    this.#source = new MemorySource(bytes);
    this.size = bytes.length;
  }

  read(offset: number, length: number): Buffer {
    this.readBytes += length;
    return this.#source.read(offset, length);
  }
}

async function judge(name: string, bytes: Buffer, source: ByteSource): Promise<string> {
  try {
    await judgeFile(source, { name, acceptedTypes: ['any'], limits }, () => undefined);
    return 'accepted';
  } catch (error) {
    if (error instanceof Refusal && error.code === 'upload_refused' && (error.rule ?? '') in uploadRules)
      return error.rule ?? '';
    throw new Error(`neither accepted nor refused: ${name} ${bytes.toString('base64')}`, { cause: error });
  }
}
