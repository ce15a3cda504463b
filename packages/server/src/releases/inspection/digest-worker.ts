/** The thread that computes digests of any number of files, each as its bytes come. */
import { createHash, type Hash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import type { DigestAnswer, DigestOrder, Digests } from './digests.ts';
import { yieldToOthers } from './thread-priority.ts';

yieldToOthers();

const files = new Map<number, readonly (readonly [name: keyof Digests, hash: Hash])[]>();

parentPort?.on('message', (order: DigestOrder) => parentPort?.postMessage(carryOut(order)));

function carryOut(order: DigestOrder): DigestAnswer {
  switch (order.kind) {
    case 'open':
      files.set(
        order.file,
        order.names.map((name) => [name, createHash(name)]),
      );
      return {};
    case 'take':
      for (const [, hash] of hashesOf(order.file)) hash.update(order.bytes);
      return {};
    case 'finish': {
      const hashes = hashesOf(order.file);
      files.delete(order.file);
      return Object.fromEntries(hashes.map(([name, hash]) => [name, hash.digest('hex')]));
    }
    case 'forget':
      files.delete(order.file);
      return {};
  }
}

function hashesOf(file: number): readonly (readonly [name: keyof Digests, hash: Hash])[] {
  const hashes = files.get(file);
  if (hashes === undefined) throw new TypeError('expected a file that was opened');
  return hashes;
}
