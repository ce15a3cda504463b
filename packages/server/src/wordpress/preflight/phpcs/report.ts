/** The report of PHP_CodeSniffer (`--report=json`). */
import { z } from 'zod';
import { parseJsonText } from '../../../json-text.ts';
import type { PreflightFinding } from '../findings.ts';

const message = z.object({
  message: z.string(),
  source: z.string(),
  type: z.enum(['ERROR', 'WARNING']),
  line: z.int().nonnegative(),
});
const report = z.object({ files: z.record(z.string(), z.object({ messages: z.array(message) })) });

/** What is said of one file; it is named by whoever asked. */
export type FileFinding = Omit<PreflightFinding, 'path'>;

/** The findings of each file that was looked at, by its name. Nothing for what is no report. */
export function parseReport(text: string): ReadonlyMap<string, readonly FileFinding[]> | undefined {
  const parsed = report.safeParse(parseJsonText(text));
  if (!parsed.success) return undefined;
  return new Map(Object.entries(parsed.data.files).map(([name, { messages }]) => [name, messages.map(describe)]));
}

/** A file that the program gave up is said to be so in a warning; it has not been looked at. */
function describe({ message: text, source: code, type, line }: z.infer<typeof message>): FileFinding {
  const isError = type === 'ERROR' || /^Internal\..*Exception$/.test(code);
  return { severity: isError ? 'error' : 'warning', line, code, message: text };
}
