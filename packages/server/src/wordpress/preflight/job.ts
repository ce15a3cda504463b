/** The job behind a run of the pre-flight. It bears being run again at any point: what a tool has said is kept, and the next one begins. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemActor } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import type { Job } from '../../storage/jobs.ts';
import { unpackPluginAt } from '../plugin/archive-thread.ts';
import { notRun, type ToolResult } from './findings.ts';
import { listPhpFiles } from './plugin-files.ts';
import { type PreflightParts, recordPreflightAct } from './preflight.ts';
import { runTool, type UnpackedPlugin } from './run-tool.ts';
import { readSettings } from './settings.ts';
import { findRun, moveRun, openStates, type PreflightRow, readRunNames } from './store.ts';
import { describeSubject, digestRules } from './subject.ts';
import { type PreflightSettings, type ToolName, toolNames } from './tools.ts';
import { judgeResults, type ToolResults } from './verdict.ts';

/** What a run of the job has in its hands. */
interface Run {
  readonly parts: PreflightParts;
  readonly row: PreflightRow;
  readonly names: Awaited<ReturnType<typeof readRunNames>>;
  readonly settings: PreflightSettings;
  readonly signal: AbortSignal;
}

/** Runs that the server did not survive. */
const maxAttempts = 3;
/** How soon a run ends that was cancelled. */
const lookMs = 1000;

/** The run was cancelled while a job was at it. */
class PreflightEnded extends Error {}

/** Runs the tools that the run has no result of yet, and ends it. Rejects when the server stops. */
export async function runPreflight(
  parts: PreflightParts,
  { payload, signal }: Pick<Job, 'payload' | 'signal'>,
): Promise<void> {
  const cancelled = new AbortController();
  const run = await open(parts, String(payload.preflight_id), AbortSignal.any([signal, cancelled.signal]));
  if (!run) return;
  const look = setInterval(() => {
    findRun(parts.database.query, run.row.id).then(
      (row) => row?.state !== 'running' && cancelled.abort(new PreflightEnded()),
      (err: unknown) => parts.log.warn({ err, preflight: run.row.id }, 'a pre-flight could not be looked up'),
    );
  }, lookMs);
  try {
    await (run.row.attempts > maxAttempts ? conclude(run, () => notRun('the server ended each time')) : work(run));
  } catch (error) {
    if (error instanceof PreflightEnded) return;
    // A server that stops has not ended by this.
    const change = { tool: null, attempts: run.row.attempts - (signal.aborted ? 1 : 0) };
    await moveRun(parts.database.query, run.row.id, { from: ['running'], change });
    throw error;
  } finally {
    clearInterval(look);
  }
}

/** Takes the run up under the settings of now: results that others led to are not kept. */
async function open(parts: PreflightParts, id: string, signal: AbortSignal): Promise<Run | undefined> {
  const { database, config } = parts;
  const before = await findRun(database.query, id);
  if (!before) return undefined;
  const names = await readRunNames(database.query, before);
  const settings = await readSettings(database.query, config, before.project_id);
  const { sha256 } = names;
  const subject = JSON.stringify(describeSubject({ sha256, config, settings, rules: await digestRules() }));
  const results = subject === before.subject ? before.results : '{}';
  const change = { state: 'running', attempts: before.attempts + 1, subject, results } as const;
  const row = await moveRun(database.query, id, { from: openStates, change });
  return row && { parts, row, names, settings, signal };
}

async function work(run: Run): Promise<void> {
  const { config } = run.parts;
  const above = join(config.dataDir, 'wordpress');
  await mkdir(above, { recursive: true, mode: 0o700 });
  const scratch = await mkdtemp(join(above, 'preflight-'));
  try {
    const plugin = await unpack(run, scratch);
    if ('outcome' in plugin) return await conclude(run, () => plugin);
    for (const tool of toolNames) await runOne(run, tool, plugin);
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  }
  await conclude(run, () => notRun('it was not run'));
}

/** The plugin, or why no tool can look at it. */
async function unpack({ parts, names }: Run, scratch: string): Promise<UnpackedPlugin | ToolResult> {
  const { blobs, config } = parts;
  const archive = blobs.locate(names.sha256);
  if (archive === undefined) return notRun('the file of the release does not lie on this machine');
  const folder = join(scratch, names.slug);
  await mkdir(folder);
  try {
    const entries = await unpackPluginAt(archive, { maxUncompressedBytes: config.maxUncompressedMb * 2 ** 20 }, folder);
    return { folder, scratch, php: await listPhpFiles(folder, entries) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return notRun(`the archive cannot be unpacked: ${error.message}`);
  }
}

async function runOne(run: Run, tool: ToolName, plugin: UnpackedPlugin): Promise<void> {
  const { parts, row, settings, signal } = run;
  const kept = resultsOf(await hold(run, {}));
  if (kept[tool]) return;
  const report = async (done: number, total: number) => {
    await hold(run, { tool, files_done: done, files_total: total });
  };
  const result = await runTool(tool, { plugin, config: parts.config, settings, signal, report }).catch(
    (error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof PreflightEnded) throw error;
      parts.log.error({ err: error, preflight: row.id, tool }, 'a tool of the pre-flight could not be run');
      return notRun('the server could not do its part: its log says more');
    },
  );
  await hold(run, { results: JSON.stringify({ ...kept, [tool]: result }) });
}

/** Writes how far the run is. Throws when it was cancelled. */
async function hold({ parts, row }: Run, change: Partial<PreflightRow>): Promise<PreflightRow> {
  const from = ['running'] as const;
  const held = await moveRun(parts.database.query, row.id, { from, change: { state: 'running', ...change } });
  if (!held) throw new PreflightEnded();
  return held;
}

/** Ends the run; `missing` is the result of the tools that have none. */
async function conclude(run: Run, missing: () => ToolResult): Promise<void> {
  const { parts, row, names, settings } = run;
  const at = parts.now();
  await parts.database.transaction(async (tx) => {
    const kept = resultsOf((await findRun(tx, row.id)) ?? row);
    const results = Object.fromEntries(toolNames.map((tool) => [tool, kept[tool] ?? missing()]));
    const change = { state: 'done', tool: null, results: JSON.stringify(results), ended_at: at } as const;
    const ended = await moveRun(tx, row.id, { from: ['running'], change });
    if (!ended) throw new PreflightEnded();
    const verdicts = judgeResults(results, settings.gates).map(({ tool, outcome }) => [tool, outcome]);
    await recordPreflightAct(
      tx,
      { organisationId: row.organisation_id, actor: systemActor },
      { row: ended, ...names, action: 'wordpress.preflight_done', at, detail: Object.fromEntries(verdicts) },
    );
  });
}

function resultsOf({ results }: PreflightRow): ToolResults {
  return JSON.parse(results) as ToolResults;
}
