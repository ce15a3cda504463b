/** Tells which test processes took most processor time: where a faster suite begins. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { TestCost } from './test-cost.ts';

const reported = 40;

/** Prints the most expensive entries of the journal at `path`; `sourceOf` tells what each file was made of. */
export function reportCosts(root: string, path: string, sourceOf: (path: string) => string): void {
  const costs = readFileSync(path, 'utf8').split('\n').filter(Boolean).map(parseCost);
  const total = costs.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  console.log(`\nProcessor time: ${total.toFixed(0)} s in ${costs.length} processes with their children. Most took:`);
  const dearest = costs.sort((one, other) => other.cpuSeconds - one.cpuSeconds).slice(0, reported);
  for (const { path: file, cpuSeconds, seconds } of dearest)
    console.log(
      `${cpuSeconds.toFixed(1).padStart(7)} s of ${seconds.toFixed(1).padStart(5)} s  ${nameOf(root, sourceOf(file))}`,
    );
}

function parseCost(line: string): TestCost {
  return JSON.parse(line);
}

/** A group is told by the folder and the names that stand in it. */
function nameOf(root: string, path: string): string {
  if (!path.endsWith('.mjs')) return relative(root, path);
  const files = readFileSync(path, 'utf8').match(/(?<=; \/\/ ).+$/gm) ?? [];
  return files.join(' + ');
}
