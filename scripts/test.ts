/**
 * Runs the whole test suite, or the files whose path contains one of the arguments: `npm test -- storage`.
 * Ends non-zero on a failure and, under CI=true, on a skipped test: what is skipped is named, never silent.
 */
import { globSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { findPostgres, startPostgres } from '../packages/server/test/storage/postgres-server.ts';
import { groupTestFiles } from './test-groups.ts';

const root = join(import.meta.dirname, '..');
const minuteMs = 60_000;
/** What this run and the runs before it have compiled: every process of a test finds it there. */
const compiled = join(root, 'node_modules/.cache/signpost-test');
const groups = join(root, 'node_modules/.cache/signpost-test-groups');

interface Outcome {
  failed: boolean;
  /** Files of which no test was heard. */
  readonly empty: Set<string>;
  /** How many tests were skipped, by the reason that they gave. */
  readonly skipped: Map<string, number>;
}

process.env.NODE_COMPILE_CACHE ??= compiled;
const files = findTestFiles(process.argv.slice(2));
if (files.length === 0) {
  console.error('No test file matches.');
  process.exit(1);
}
await sharePostgres(files);
const outcome = await runTests(files);
reportSkipped(outcome.skipped);
for (const path of outcome.empty) console.log(`\nRan no test: ${path}`);
process.exitCode = isPassed(outcome) ? 0 : 1;

function isPassed({ failed, empty, skipped }: Outcome): boolean {
  return !failed && empty.size === 0 && !(process.env.CI === 'true' && skipped.size > 0);
}

function findTestFiles(parts: readonly string[]): string[] {
  return globSync(['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root })
    .filter((path) => !path.startsWith(join('test', 'long')) && !path.includes('node_modules'))
    .filter((path) => parts.length === 0 || parts.some((part) => path.includes(part)))
    .sort((one, other) => rankOf(one) - rankOf(other) || one.localeCompare(other))
    .map((path) => join(root, path));
}

/** One PostgreSQL for all files that want one, each with databases of its own. A file run by itself starts its own. */
async function sharePostgres(paths: readonly string[]): Promise<void> {
  const bin = findPostgres();
  const users = paths.filter((path) => readFileSync(path, 'utf8').includes('forEachEngine'));
  if (bin !== undefined && users.length > 1) process.env.SIGNPOST_TEST_POSTGRES ??= await startPostgres(bin);
}

/** The tests of whole programs take longest, so they begin first: none is left alone at the end. */
function rankOf(path: string): number {
  return ['test', join('packages', 'cli')].some((folder) => path.startsWith(folder)) ? 0 : 1;
}

async function runTests(paths: string[]): Promise<Outcome> {
  const { entries, grouped } = groupTestFiles(root, groups, paths);
  const outcome: Outcome = { failed: false, empty: new Set(grouped), skipped: new Map() };
  const events = run({
    files: [...entries],
    cwd: root,
    // One more than there are processors: some test always waits for another process or for the disk.
    concurrency: availableParallelism() + 1,
    timeout: 20 * minuteMs,
    execArgv: ['-C', '@signpost/source', '--disable-warning=ExperimentalWarning', `--test-timeout=${5 * minuteMs}`],
  });
  events.on('test:fail', () => {
    outcome.failed = true;
  });
  // One of a group is told by the tests that stand in it.
  events.on('test:start', ({ file }) => {
    if (file !== undefined) outcome.empty.delete(file);
  });
  events.on('test:pass', ({ name, skip }) => {
    // A file stands for itself only when it ended before any of its tests did.
    if (entries.includes(name)) outcome.empty.add(name);
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
