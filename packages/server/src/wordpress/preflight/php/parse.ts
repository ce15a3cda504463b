/** Whether a plugin's files are PHP of a certain version, by the word of that version's own parser. */
import { fileURLToPath } from 'node:url';
import type { PhpVersion } from '../../../config-values.ts';
import { runNodeProgram } from '../../../node-program.ts';
import { FoundList, notRun, type ToolResult } from '../findings.ts';
import type { PluginFile } from '../plugin-files.ts';
import type { ParseAnswer, ParseOrder } from './order.ts';

/** For all files of a plugin: two milliseconds for each of them are usual, and a second to begin. */
const timeLimitMs = 600_000;
const maxBatchFiles = 500;
const maxAnswerBytes = 64 * 1024 * 1024;
/** What the parser's memory holds with ease; a larger file is found for that. */
const maxFileBytes = 32 * 1024 * 1024;
const program = fileURLToPath(new URL('./parse-process.ts', import.meta.url));

/** What is parsed, and by which PHP. */
export interface ParseWish {
  readonly version: PhpVersion;
  readonly folder: string;
  readonly files: readonly PluginFile[];
  readonly signal: AbortSignal;
  /** Told how many files are done. */
  readonly report?: (done: number) => Promise<void>;
}

/** Parses the files. What the parser refuses is an error each; a process that breaks off is no result. */
export async function parsePhp({ version, folder, files, signal, report }: ParseWish): Promise<ToolResult> {
  const found = new FoundList();
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timeLimitMs)]);
  const small = files.filter((file) => file.size <= maxFileBytes);
  for (const { path, size } of files) if (size > maxFileBytes) found.add(describeSize(path, size));
  let exact = '';
  for (let done = 0; done === 0 || done < small.length; done += maxBatchFiles) {
    const paths = small.slice(done, done + maxBatchFiles).map(({ path }) => path);
    const answer = await runProcess({ version, folder, paths }, limited).catch((error: unknown) => {
      signal.throwIfAborted();
      return { outcome: 'broke_off' as const, reason: describe(error, limited) };
    });
    if (answer.outcome === 'broke_off') return notRun(`the parser broke off: ${answer.reason}`);
    if (answer.outcome === 'missing')
      return notRun(`PHP ${version} is not installed: npm install ${packageOf(version)}`);
    for (const fault of answer.faults) found.add({ ...fault, severity: 'error', code: 'php.syntax' });
    exact = answer.version;
    await report?.(Math.min(done + maxBatchFiles, small.length));
  }
  return found.conclude(`PHP ${exact}`);
}

function packageOf(version: PhpVersion): string {
  return `@php-wasm/node-${version.replace('.', '-')}`;
}

function describeSize(path: string, size: number) {
  const message = `expected at most ${maxFileBytes} bytes of PHP in one file, got ${size}`;
  return { severity: 'error', path, line: 0, code: 'php.size', message } as const;
}

function describe(error: unknown, { aborted }: AbortSignal): string {
  if (aborted) return `it took more than ${timeLimitMs / 1000} seconds`;
  const { code, signal } = error as { code?: unknown; signal?: unknown };
  return `code ${String(code ?? signal)}`;
}

async function runProcess(order: ParseOrder, signal: AbortSignal): Promise<ParseAnswer> {
  const limits = { path: program, timeLimitMs, maxOutputBytes: maxAnswerBytes, signal };
  const output = await runNodeProgram(limits, JSON.stringify(order));
  return JSON.parse(output.toString('utf8')) as ParseAnswer;
}
