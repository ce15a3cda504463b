/** Each way in which a target is refused (TUF 1.0.34, 5.7). */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import type { TrustErrorCode } from '@signpost/protocol/errors';
import { refreshRepository } from '@signpost/protocol/tuf/client';
import { TestRepository } from './repository.ts';

suite('a target is refused', () => {
  const cases: Readonly<
    Record<string, readonly [string, TrustErrorCode, (repository: TestRepository) => Promise<unknown> | unknown]>
  > = {
    'when nobody speaks of it': ['other.txt', 'target_unknown', () => undefined],
    'with another digest': ['file.txt', 'digest_mismatch', (repository) => changeTarget(repository, 'hullo')],
    'with another length': ['file.txt', 'size_mismatch', (repository) => changeTarget(repository, 'hell')],
    'when it is not there': ['file.txt', 'fetch_failed', (repository) => dropTarget(repository)],
    'with a path out of its folder': [
      '../file.txt',
      'malformed',
      async (repository) => {
        await repository.addTarget('../file.txt', 'x');
        await repository.publishNext();
      },
    ],
    'with hashes of unknown kinds alone': [
      'file.txt',
      'algorithm_unsupported',
      async (repository) => {
        repository.roles.targets.targets['file.txt'].hashes = { blake3: '00' };
        await repository.publishNext();
      },
    ],
    'above what the client takes': [
      'file.txt',
      'too_large',
      async (repository) => {
        repository.roles.targets.targets['file.txt'].length = 2 ** 25 + 1;
        await repository.publishNext();
      },
    ],
  };
  for (const [name, [path, code, change]] of Object.entries(cases)) {
    test(name, async () => {
      const repository = await TestRepository.create();
      const client = repository.connect();
      await change(repository);
      const trusted = await refreshRepository(client);
      await assert.rejects(trusted.fetchTarget(path), { name: 'TrustError', code });
    });
  }
});

function findTargetPath(repository: TestRepository): string {
  return [...repository.files.keys()].find((path) => path.endsWith('.file.txt')) ?? assert.fail();
}

function changeTarget(repository: TestRepository, text: string): void {
  repository.serve(findTargetPath(repository), encodeText(text));
}

function dropTarget(repository: TestRepository): void {
  repository.files.delete(findTargetPath(repository));
}
