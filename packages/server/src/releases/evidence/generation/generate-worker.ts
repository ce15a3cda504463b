/** The thread in which an SBOM is made of an upload. It reads the file, answers, and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { readPackageFile } from '../../../evidence/sboms/generation/package-files.ts';
import { writeCycloneDx } from '../../../evidence/sboms/generation/write-cyclonedx.ts';
import { FileSource } from '../../inspection/byte-source.ts';
import { yieldToOthers } from '../../inspection/thread-priority.ts';
import { collectPackageFiles } from './collect.ts';
import type { GenerationAnswer, GenerationOrder } from './generate-messages.ts';

yieldToOthers();
const { path, facts, limits }: GenerationOrder = workerData;
const source = FileSource.open(path);
try {
  const collected = await collectPackageFiles(source, limits);
  const files = collected.map((file) => ({ path: file.path, packages: readPackageFile(file.path, file.bytes) }));
  const answer: GenerationAnswer = { document: writeCycloneDx(files, facts) };
  parentPort?.postMessage(answer);
} finally {
  source.close();
}
