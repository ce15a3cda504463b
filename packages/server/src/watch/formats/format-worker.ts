/** The thread in which one foreign file is read. It answers, and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { Refusal } from '../../errors.ts';
import type { FormatAnswer, FormatOrder } from './format-messages.ts';
import { formats } from './formats.ts';

parentPort?.postMessage(read(workerData as FormatOrder));

function read({ format, text, attached }: FormatOrder): FormatAnswer {
  try {
    return { kind: 'read', imported: formats[format].parse(text, attached) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { kind: 'refused', code: error.code, rule: error.rule, message: error.message };
  }
}
