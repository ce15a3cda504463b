/** Every hostile archive is refused by the rule that names what is wrong with it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Refusal } from '../../../src/errors.ts';
import { MemorySource } from '../../../src/releases/inspection/byte-source.ts';
import { type Inspection, judgeFile } from '../../../src/releases/inspection/judge-file.ts';
import { hostileTars } from './hostile-tars.ts';
import { hostileZips } from './hostile-zips.ts';

const limits = { maxUncompressedBytes: 500 * 1024 * 1024, timeLimitMs: 10_000 };

function judge(bytes: Buffer, name: string): Promise<Inspection> {
  const request = { name, acceptedTypes: ['any' as const], limits };
  return judgeFile(new MemorySource(bytes), request, () => undefined);
}

for (const [format, archives, least] of [
  ['ZIP', hostileZips, 60],
  ['tar.gz', hostileTars, 20],
] as const) {
  describe(`hostile ${format} archives`, () => {
    test(`are ${least} at least`, () => assert.ok(archives.length >= least));
    for (const { what, rule, name, build } of archives) {
      test(`${what} is refused by ${rule}`, async () => {
        await assert.rejects(judge(build(), name), (error) => {
          assert.ok(error instanceof Refusal, String(error));
          assert.equal(`${error.rule}: ${error.message}`.split(':')[0], rule, error.message);
          assert.equal(error.code, 'upload_refused');
          assert.ok(error.hint);
          return true;
        });
      });
    }
  });
}
