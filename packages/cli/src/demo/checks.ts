/** What the demo found out, a line each. */

/** One check: `passed` is the client's own step, `refused` an attack that was turned away, `failed` neither. */
export interface Check {
  readonly name: string;
  readonly result: 'passed' | 'refused' | 'failed';
  readonly detail: string;
}

/** The check as a line of the transcript. */
export function formatCheck({ name, result, detail }: Check): string {
  const mark = { passed: 'ok      ', refused: 'refused ', failed: 'FAILED  ' }[result];
  return `  ${mark} ${name.replaceAll('_', ' ').padEnd(34)} ${detail}`;
}
