/** The report of PHP_CodeSniffer (`--report=json`). */
import { z } from 'zod';
import type { PreflightFinding } from '../findings.ts';
import { parseOutput } from '../program.ts';

const message = z.object({
  message: z.string(),
  source: z.string(),
  type: z.enum(['ERROR', 'WARNING']),
  line: z.int().nonnegative(),
});
const report = z.object({ files: z.record(z.string(), z.object({ messages: z.array(message) })) });

/** Reads a report; its paths are below `folder`. Nothing for what is no report. */
export function parseReport(text: string): readonly PreflightFinding[] | undefined {
  const parsed = report.safeParse(parseOutput(text));
  if (!parsed.success) return undefined;
  return Object.entries(parsed.data.files).flatMap(([path, { messages }]) =>
    messages.map((found) => ({
      severity: found.type === 'ERROR' ? ('error' as const) : ('warning' as const),
      ...{ path, line: found.line, code: found.source, message: found.message },
    })),
  );
}
