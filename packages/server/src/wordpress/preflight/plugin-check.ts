/** What `wp plugin check` says (WordPress' own Plugin Check, by WP-CLI), where an operator has set it up. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { parseJsonText } from '../../json-text.ts';
import { createResult, notRun, type PreflightFinding, type ToolResult } from './findings.ts';
import { describeEnding, runProgram } from './program.ts';

const timeLimitMs = 600_000;

const row = z.object({
  file: z.string().default(''),
  line: z.coerce.number().int().nonnegative().catch(0),
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
  const findings = ending.kind === 'ended' ? parseRows(ending.output) : undefined;
  return findings ? createResult('Plugin Check', findings) : notRun(describeEnding(program, ending));
}

/** What stands before the list, such as warnings of PHP, is read over; a plugin without findings is said to be one in words. */
function parseRows(output: string): readonly PreflightFinding[] | undefined {
  const start = output.indexOf('[{');
  // Only where there is no list: what stands before one may quote the plugin.
  if (start < 0) return /^Success:/m.test(output) ? [] : undefined;
  const rows = z.array(row).safeParse(parseJsonText(output.slice(start)));
  if (!rows.success) return undefined;
  return rows.data.map(({ file: path, type, ...found }) => ({
    ...found,
    ...{ path, severity: type === 'ERROR' ? ('error' as const) : ('warning' as const) },
  }));
}
