/** What `wp plugin check` says (WordPress' own Plugin Check, by WP-CLI), where an operator has set it up. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { createResult, type PreflightFinding, type ToolResult } from './findings.ts';
import { parseOutput, runProgram } from './program.ts';

const timeLimitMs = 600_000;

const row = z.object({
  file: z.string().default(''),
  line: z.coerce.number().default(0),
  type: z.enum(['ERROR', 'WARNING']),
  code: z.string(),
  message: z.string(),
});

/** What is looked at, and with what. */
export interface PluginCheckOrder {
  /** WP-CLI: a path, or a name on the system's path. */
  readonly program: string;
  /** The WordPress in which Plugin Check is active. */
  readonly wordpress: string;
  /** The plugin, unpacked. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Runs it over the plugin. */
export async function checkPlugin({ program, wordpress, folder, signal }: PluginCheckOrder): Promise<ToolResult> {
  const options = ['--format=strict-json', `--path=${wordpress}`, '--no-color', '--allow-root'];
  const ending = await runProgram({
    ...{ program, signal, timeLimitMs },
    arguments: ['plugin', 'check', resolve(folder), ...options],
  });
  if (ending.kind === 'missing') return { outcome: 'not_run', reason: `${program} is not installed` };
  if (ending.kind === 'broke_off') return { outcome: 'not_run', reason: `${program} broke off: ${ending.reason}` };
  const findings = parseRows(ending.output);
  if (findings) return createResult('Plugin Check', findings);
  const said = (ending.errors || ending.output).trim().split('\n')[0]?.slice(0, 200);
  return { outcome: 'not_run', reason: `${program} ended with code ${ending.code}: ${said}` };
}

/** What stands before the list, such as warnings of PHP, is read over; a plugin without findings is said to be one in words. */
function parseRows(output: string): readonly PreflightFinding[] | undefined {
  if (/^Success:/m.test(output)) return [];
  const start = output.indexOf('[{');
  const rows = z.array(row).safeParse(start < 0 ? undefined : parseOutput(output.slice(start)));
  if (!rows.success) return undefined;
  return rows.data.map(({ file: path, type, ...found }) => ({
    ...found,
    ...{ path, severity: type === 'ERROR' ? ('error' as const) : ('warning' as const) },
  }));
}
