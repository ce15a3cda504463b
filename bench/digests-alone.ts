/** The peer of the upload pipeline: reads a file and computes the same five digests, in one thread. Prints the seconds. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { argv } from 'node:process';

const started = performance.now();
const hashes = ['sha1', 'sha256', 'sha384', 'sha512', 'blake2b512'].map((name) => createHash(name));
for await (const chunk of createReadStream(argv[2] ?? '', { highWaterMark: 1 << 20 })) {
  for (const hash of hashes) hash.update(chunk);
}
for (const hash of hashes) hash.digest('hex');
console.log((performance.now() - started) / 1000);
