/**
 * Runs the whole test suite, or the files whose path contains one of the arguments: `npm test -- storage`.
 * Ends non-zero on a failure and, under CI=true, on a skipped test: what is skipped is named, never silent.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const root = join(import.meta.dirname, '..');
const minuteMs = 60_000;

interface Outcome {
  failed: boolean;
  /** Files that ran no test. */
  readonly empty: string[];
  /** How many tests were skipped, by the reason that they gave. */
  readonly skipped: Map<string, number>;
}

const files = findTestFiles(process.argv.slice(2));
if (files.length === 0) {
  console.error('No test file matches.');
  process.exit(1);
}
const outcome = await runTests(files);
reportSkipped(outcome.skipped);
for (const path of outcome.empty) console.log(`\nRan no test: ${path}`);
process.exitCode = isPassed(outcome) ? 0 : 1;

function isPassed({ failed, empty, skipped }: Outcome): boolean {
  return !failed && empty.length === 0 && !(process.env.CI === 'true' && skipped.size > 0);
}

function findTestFiles(parts: readonly string[]): string[] {
  return globSync(['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root })
    .filter((path) => !path.startsWith(join('test', 'long')) && !path.includes('node_modules'))
    .filter((path) => parts.length === 0 || parts.some((part) => path.includes(part)))
    .sort()
    .map((path) => join(root, path));
}

async function runTests(paths: string[]): Promise<Outcome> {
  const outcome: Outcome = { failed: false, empty: [], skipped: new Map() };
  const events = run({
    files: paths,
    cwd: root,
    concurrency: 2,
    timeout: 20 * minuteMs,
    execArgv: ['-C', '@signpost/source', '--disable-warning=ExperimentalWarning', `--test-timeout=${5 * minuteMs}`],
  });
  events.on('test:fail', () => {
    outcome.failed = true;
  });
  events.on('test:pass', ({ name, skip }) => {
    // A file stands for itself only when it ended before any of its tests did.
    if (paths.includes(name)) outcome.empty.push(name);
    if (skip === undefined) return;
    const reason = typeof skip === 'string' && skip !== '' ? skip : 'no reason given';
    outcome.skipped.set(reason, (outcome.skipped.get(reason) ?? 0) + 1);
  });
  const report = events.compose(new spec());
  for await (const chunk of report) process.stdout.write(chunk);
  return outcome;
}

function reportSkipped(skipped: ReadonlyMap<string, number>): void {
  if (skipped.size === 0) return;
  console.log('\nSkipped:');
  for (const [reason, count] of [...skipped].sort())
    console.log(`  ${count} ${count === 1 ? 'test' : 'tests'}: ${reason}`);
  console.log(
    'On Debian, "scripts/install-services" as root installs what tests need. Under CI=true a skip is an error.',
  );
}
