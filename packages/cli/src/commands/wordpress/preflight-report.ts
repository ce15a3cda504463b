/** The report of a pre-flight: waited for, and in lines. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Invocation, readArgument } from '../../command.ts';
import { asObject, cellOf, type JsonObject, numberOf, objectsOf, textOf, textsOf } from '../../http/answer.ts';
import { type Client, interruption } from '../../http/client.ts';

const pollMs = 500;
/** Findings that are shown of one tool; `--json` has all that are kept. */
const shownFindings = 50;

/** The address of the report of the release that the arguments name, or of another version. */
export function preflightPath(invocation: Invocation, version: string = readArgument(invocation, 1)): string {
  const slug = encodeURIComponent(readArgument(invocation, 0));
  return `/api/projects/${slug}/releases/${encodeURIComponent(version)}/wordpress/preflight`;
}

/** Asks until the run is at its end, and shows which tool is at which file. */
export async function followPreflight(invocation: Invocation, client: Client): Promise<JsonObject> {
  const interrupted = new AbortController();
  void invocation.interrupted().then(() => interrupted.abort());
  for (;;) {
    const report = await client.read(preflightPath(invocation));
    if (report.ended_at !== null) {
      invocation.progress.finish();
      return report;
    }
    showProgress(invocation, report);
    await sleep(pollMs, undefined, { signal: interrupted.signal }).catch((cause: unknown) => {
      invocation.progress.finish();
      throw interruption(cause);
    });
  }
}

function showProgress({ progress }: Invocation, report: JsonObject): void {
  if (report.progress === null) {
    progress.update(textOf(report, 'state'), 0, 1, 'steps');
    return;
  }
  const at = asObject(report.progress);
  const [done, total] = [numberOf(at, 'files_done'), numberOf(at, 'files_total')];
  progress.update(`${textOf(at, 'tool')} ${done} of ${total} files`, done, Math.max(total, 1), 'steps');
}

/** Tool by tool what was found, errors first, and what it means for a deploy. */
export function describeReport(report: JsonObject): readonly string[] {
  const changed = textsOf(report, 'changed_since');
  const stale = changed.length === 0 ? [] : [`stale: since then others are ${changed.join(', ')}; run it again`];
  return [
    ...objectsOf(report, 'tools').flatMap(describeTool),
    ...stale,
    `${report.verdict === null ? textOf(report, 'state') : verdicts[textOf(report, 'verdict')]} [${textOf(report, 'id')}]`,
  ];
}

const verdicts: Readonly<Record<string, string>> = {
  acceptable: 'nothing keeps this release from being deployed',
  acknowledge: 'a deploy of this release must acknowledge the soft gates',
  refused: 'a hard gate keeps this release from being deployed',
};

function describeTool(tool: JsonObject): string[] {
  const findings = objectsOf(tool, 'findings');
  const counts = `${numberOf(tool, 'errors')} errors, ${numberOf(tool, 'warnings')} warnings`;
  const said =
    tool.version === null
      ? tool.reason === null
        ? ''
        : `: ${cellOf(tool, 'reason')}`
      : `: ${counts} (${cellOf(tool, 'version')})`;
  const shown = findings
    .slice(0, shownFindings)
    .map(
      (row) =>
        `  ${textOf(row, 'severity')} ${textOf(row, 'path')}:${cellOf(row, 'line')} ${cellOf(row, 'message')} [${textOf(row, 'code')}]`,
    );
  const more = numberOf(tool, 'errors') + numberOf(tool, 'warnings') - shown.length;
  const rest = more > 0 ? [`  and ${more} more`] : [];
  return [
    `${textOf(tool, 'tool')} (${textOf(tool, 'gate')}) ${outcomes[textOf(tool, 'outcome')]}${said}`,
    ...shown,
    ...rest,
  ];
}

const outcomes: Readonly<Record<string, string>> = {
  passed: 'passed',
  failed: 'failed',
  not_run: 'did not run',
  waiting: 'has not run yet',
};

/** The same in one line. */
export function summarizeReport(report: JsonObject): string {
  const open = objectsOf(report, 'tools').filter(
    ({ verdict, outcome }) => verdict !== 'acceptable' && outcome !== 'waiting',
  );
  const told = open.map((tool) => `${textOf(tool, 'tool')} ${outcomes[textOf(tool, 'outcome')]}`).join(', ');
  const state = report.verdict === null ? textOf(report, 'state') : textOf(report, 'verdict');
  const stale = textsOf(report, 'changed_since').length > 0 ? ', stale' : '';
  return `pre-flight of ${textOf(report, 'version')}: ${state}${stale}${told === '' ? '' : ` (${told})`}`;
}
