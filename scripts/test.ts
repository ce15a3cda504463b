/**
 * Runs the whole test suite, or the files whose path contains one of the arguments: `npm test -- storage`. With
 * `--slowest` it tells at the end which took most processor time; with `--pictures` the tests of the console keep one of each view in both
 * themes at both widths; with `--lag=MS` whatever their pages fetch is held for so long. Ends non-zero on a failure and, under CI=true, on a
 * skipped test: what is skipped is named, never silent.
 */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { pathToFileURL } from 'node:url';
import { createMigratedFile } from '../packages/server/test/storage/migrated.ts';
import { findPostgres, startPostgres } from '../packages/server/test/storage/postgres-server.ts';
import { bundleTests, type TestBundle } from './test-bundle.ts';
import { reportCosts } from './test-cost-report.ts';
import { groupTestFiles, type TestRun } from './test-groups.ts';
import { keepTemporaryFilesInMemory } from './test-memory.ts';

const root = join(import.meta.dirname, '..');
const minuteMs = 60_000;
/** What this run and the runs before it have compiled: every process of a test finds it there. */
const compiled = join(root, 'node_modules/.cache/signpost-test');
const groups = join(root, 'node_modules/.cache/signpost-test-groups');
const built = join(root, 'node_modules/.cache/signpost-test-bundle');
const costs = join(root, 'node_modules/.cache/signpost-test-costs.jsonl');

const migrated = join(root, 'node_modules/.cache/signpost-test-migrated.db');
/** So few files run from their sources: building them would take longer. */
const fewFiles = 20;

interface Outcome {
  failed: boolean;
  /** Files of which no test was heard. */
  readonly empty: Set<string>;
  /** How many tests were skipped, by the reason that they gave. */
  readonly skipped: Map<string, number>;
}

process.env.NODE_COMPILE_CACHE ??= compiled;
keepTemporaryFilesInMemory();
const words = process.argv.slice(2);
const countCosts = words.includes('--slowest');
if (words.includes('--pictures')) process.env.SIGNPOST_SCREENSHOTS = 'all';
const lag = words.find((word) => word.startsWith('--lag='));
if (lag !== undefined) process.env.SIGNPOST_TEST_LAG = lag.slice('--lag='.length);
const files = findTestFiles(words.filter((word) => !word.startsWith('--')));
if (files.length === 0) {
  console.error('No test file matches.');
  process.exit(1);
}
if (countCosts) {
  mkdirSync(dirname(costs), { recursive: true });
  writeFileSync(costs, '');
  process.env.SIGNPOST_TEST_COSTS = costs;
}
await sharePostgres(files);
await shareSqlite(files);
const sources = groupTestFiles(root, groups, files);
const bundle = files.length > fewFiles ? await bundleTests(root, built, sources.entries) : undefined;
const outcome = await runTests(bundle ? findBuilt(sources, bundle) : sources);
reportSkipped(outcome.skipped);
if (countCosts) reportCosts(root, costs, (path) => bundle?.sourceOf(path) ?? path);
for (const path of outcome.empty) console.log(`\nRan no test: ${bundle?.sourceOf(path) ?? path}`);
process.exitCode = isPassed(outcome) ? 0 : 1;
// Programs of tests that were killed may still hold what they print to.
process.stdout.write('', () => process.exit());

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

/** One migrated database for all files to copy, whatever they do with their copies. */
async function shareSqlite(paths: readonly string[]): Promise<void> {
  if (paths.length <= fewFiles) return;
  mkdirSync(dirname(migrated), { recursive: true });
  writeFileSync(migrated, await createMigratedFile());
  process.env.SIGNPOST_TEST_SQLITE = migrated;
}

/** The tests of whole programs take longest, so they begin first: none is left alone at the end. */
function rankOf(path: string): number {
  return ['test', join('packages', 'cli')].some((folder) => path.startsWith(folder)) ? 0 : 1;
}

function findBuilt({ entries, grouped }: TestRun, { builtFrom }: TestBundle): TestRun {
  return { entries: entries.map(builtFrom), grouped: grouped.map(builtFrom) };
}

async function runTests({ entries, grouped }: TestRun): Promise<Outcome> {
  const outcome: Outcome = { failed: false, empty: new Set(grouped), skipped: new Map() };
  const events = run({
    files: [...entries],
    cwd: root,
    // One more than there are processors: some test always waits for another process or for the disk.
    concurrency: availableParallelism() + 1,
    // Whatever does not even let its own limit come (test-process.ts) is ended with the run.
    signal: AbortSignal.timeout(60 * minuteMs),
    execArgv: [
      ...['-C', '@signpost/source', '--disable-warning=ExperimentalWarning', `--test-timeout=${5 * minuteMs}`],
      ...['test-process.ts', ...(countCosts ? ['test-cost.ts'] : [])].map((name) => `--import=${urlOf(name)}`),
    ],
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

function urlOf(name: string): string {
  return pathToFileURL(join(import.meta.dirname, name)).href;
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
