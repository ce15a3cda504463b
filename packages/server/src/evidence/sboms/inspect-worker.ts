/** The thread in which one SBOM is judged. It reads the file, answers, and ends. */
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { Refusal } from '../../errors.ts';
import { createColumns } from './component-columns.ts';
import { judgeDocument } from './judge-document.ts';
import type { SbomRefusalRule } from './rules.ts';
import type { SbomAnswer, SbomFacts, SbomOrder } from './worker-messages.ts';

/** Components in one message: taking one must not hold up the server. */
const batchSize = 1000;

const order: SbomOrder = workerData;
try {
  const { sbom, findings } = judgeDocument(readFileSync(order.path), order.request);
  const roots = new Set(sbom.described);
  const parts = sbom.components.filter(({ ref }) => !roots.has(ref));
  for (let at = 0; at < parts.length; at += batchSize)
    answer({ kind: 'components', components: parts.slice(at, at + batchSize).map(createColumns) });
  const { format, serial, created, authors, tools } = sbom;
  const facts: SbomFacts = { format, serial, created, authors, tools, findings };
  answer({ kind: 'accepted', facts });
} catch (error) {
  if (!(error instanceof Refusal) || error.code !== 'upload_refused') throw error;
  answer({ kind: 'refused', rule: error.rule as SbomRefusalRule, message: error.message });
}

function answer(message: SbomAnswer): void {
  parentPort?.postMessage(message);
}
