/** Writes the vector files, the same bytes on every run: `node -C @signpost/source packages/protocol/vectors/generate.ts`. */
import { writeFile } from 'node:fs/promises';
import { canonicalJsonVectors } from './canonical-json.ts';
import { catalogueVectors } from './catalogue.ts';
import { fileVectors } from './file.ts';
import { frameVectors } from './frame.ts';
import { logEvidenceVectors, logVectors } from './log.ts';
import { manifestVectors } from './manifest.ts';
import { olpcVectors } from './olpc.ts';
import { trustListVectors } from './trust-list.ts';

/** The text of every vector file by its name. */
export async function createVectorFiles(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['canonical-json.json', encodeVectors(canonicalJsonVectors)],
    ['olpc.json', encodeVectors(olpcVectors)],
    ['trust-list.json', encodeVectors(await trustListVectors())],
    ['manifest.json', encodeVectors(await manifestVectors())],
    ['catalogue.json', encodeVectors(await catalogueVectors())],
    ['log.json', encodeVectors(await logVectors())],
    ['log-evidence.json', encodeVectors(await logEvidenceVectors())],
    ['frame.json', encodeVectors(await frameVectors())],
    ['file.json', encodeVectors(fileVectors)],
  ]);
}

function encodeVectors(vectors: readonly unknown[]): string {
  return `[\n${vectors.map((vector) => JSON.stringify(vector)).join(',\n')}\n]\n`;
}

if (import.meta.main) {
  for (const [name, text] of await createVectorFiles()) await writeFile(new URL(name, import.meta.url), text);
}
