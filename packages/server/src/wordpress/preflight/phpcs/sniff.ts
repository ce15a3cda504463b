/** What PHP_CodeSniffer says of a plugin: under our own rules of security, and under a standard that the operator names. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createResult, type ToolResult } from '../findings.ts';
import { type Ending, runProgram } from '../program.ts';
import { parseReport } from './report.ts';

/** Slow: 83 MB of PHP took three minutes. */
const timeLimitMs = 600_000;
const versionTimeLimitMs = 20_000;
const ownStandard = fileURLToPath(new URL('../../../../data/phpcs/Signpost', import.meta.url));

/** What is looked at, and by which standard. */
export interface SniffOrder {
  /** PHP_CodeSniffer: a path, or a name on the system's path. */
  readonly program: string;
  /** A folder with a ruleset, or the name of a standard that the program knows; our own rules of security when there is none. */
  readonly standard?: string | undefined;
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Runs it over all PHP below the folder. */
export async function sniffPlugin(order: SniffOrder): Promise<ToolResult> {
  const { program, signal } = order;
  const version = await runProgram({
    ...{ program, signal },
    ...{ arguments: ['--version'], timeLimitMs: versionTimeLimitMs },
  });
  if (version.kind !== 'ended' || version.code !== 0) return describeFailure(program, version);
  const ending = await runProgram({ ...{ program, signal }, arguments: argumentsOf(order), timeLimitMs });
  const findings = ending.kind === 'ended' ? parseReport(ending.output) : undefined;
  if (!findings) return describeFailure(program, ending);
  return createResult(version.output.trim().slice(0, 100), findings);
}

/** A plugin may tell the sniffs of a standard to look away, as is usual, but not those that look for break-ins. */
function argumentsOf({ standard, folder }: SniffOrder): readonly string[] {
  const rules =
    standard === undefined ? [`--standard=${ownStandard}`, '--ignore-annotations'] : [`--standard=${standard}`];
  return [
    '-q',
    '--no-colors',
    '--no-cache',
    '--report=json',
    `--basepath=${resolve(folder)}`,
    '--extensions=php,inc',
    '--parallel=2',
    ...rules,
    resolve(folder),
  ];
}

function describeFailure(program: string, ending: Ending): ToolResult {
  if (ending.kind === 'missing') return { outcome: 'not_run', reason: `${program} is not installed` };
  if (ending.kind === 'broke_off') return { outcome: 'not_run', reason: `${program} broke off: ${ending.reason}` };
  const said = (ending.errors || ending.output).trim().split('\n')[0]?.slice(0, 200);
  return { outcome: 'not_run', reason: `${program} ended with code ${ending.code}: ${said}` };
}
