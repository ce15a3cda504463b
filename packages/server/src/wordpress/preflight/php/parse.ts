/** Whether a plugin's files are PHP of a certain version, by the word of that version's own parser. */
import { fileURLToPath } from 'node:url';
import { runNodeProgram } from '../../../node-program.ts';
import { createResult, type ToolResult } from '../findings.ts';
import type { ParseAnswer, ParseOrder } from './order.ts';

/** For all files of a plugin, in milliseconds: two for each of them, and a second to begin. */
const timeLimitMs = 300_000;
const maxAnswerBytes = 64 * 1024 * 1024;
const program = fileURLToPath(new URL('./parse-process.ts', import.meta.url));

/** Parses the files. What the parser refuses is an error each; a process that breaks off is no result. */
export async function parsePhp(order: ParseOrder, signal: AbortSignal): Promise<ToolResult> {
  let answer: ParseAnswer;
  try {
    answer = await runProcess(order, signal);
  } catch (error) {
    signal.throwIfAborted();
    return { outcome: 'not_run', reason: `the parser broke off: ${describe(error)}` };
  }
  if (answer.outcome === 'missing') {
    const name = `@php-wasm/node-${order.version.replace('.', '-')}`;
    return { outcome: 'not_run', reason: `PHP ${order.version} is not installed: npm install ${name}` };
  }
  const findings = answer.faults.map((fault) => ({ ...fault, severity: 'error', code: 'php.syntax' }) as const);
  return createResult(`PHP ${answer.version}`, findings);
}

function describe(error: unknown): string {
  const { killed, code } = error as { killed?: boolean; code?: unknown };
  return killed ? `it took more than ${timeLimitMs / 1000} seconds` : `code ${String(code)}`;
}

async function runProcess(order: ParseOrder, signal: AbortSignal): Promise<ParseAnswer> {
  const limits = { path: program, timeLimitMs, maxOutputBytes: maxAnswerBytes, signal };
  const output = await runNodeProgram(limits, JSON.stringify(order));
  return JSON.parse(output.toString('utf8')) as ParseAnswer;
}
