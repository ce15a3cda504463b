/** What PHP_CodeSniffer says of a plugin: under our own rules of security, and under a standard that the operator names. */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FoundList, notRun, type ToolResult } from '../findings.ts';
import type { PluginFile } from '../plugin-files.ts';
import { describeEnding, type Ending, runProgram } from '../program.ts';
import { type FileFinding, parseReport } from './report.ts';

/** For all files: 83 MB of PHP took three minutes. */
const timeLimitMs = 900_000;
const versionTimeLimitMs = 20_000;
/** What one call is given. */
const maxBatchFiles = 100;
const maxBatchBytes = 1024 * 1024;
/** A file above this is not looked at, and found for that; no person wrote it. */
const maxFileBytes = 4 * 1024 * 1024;
/** Files at which the program may break off before it is given up. */
const maxUnread = 20;
/** Our own rules. */
export const ownStandard = fileURLToPath(new URL('../../../../data/phpcs/Signpost', import.meta.url));

/** A file, under the name that findings call it by. */
export interface SniffedFile extends PluginFile {
  /** Below `folder`; PHP_CodeSniffer looks at no hidden names. */
  readonly location: string;
}

/** What is looked at, and by which standard. */
export interface SniffOrder {
  /** PHP_CodeSniffer: a path, or a name on the system's path. */
  readonly program: string;
  /** A folder with a ruleset, or the name of a standard that the program knows; our own rules of security when there is none. */
  readonly standard?: string | undefined;
  readonly folder: string;
  readonly files: readonly SniffedFile[];
  readonly signal: AbortSignal;
  /** Told how many files are done. */
  readonly report?: (done: number) => Promise<void>;
}

/** Looks at each of the files, and says of those that could not be looked at that they were not. */
export async function sniffPlugin(order: SniffOrder): Promise<ToolResult> {
  const { program, signal } = order;
  const version = await askVersion(program, signal);
  if (version.kind !== 'ended' || version.code !== 0) return notRun(describeEnding(program, version));
  const sniffing = new Sniffing({ ...order, folder: await realpath(order.folder) });
  let done = 0;
  for (const batch of divide(order.files)) {
    await sniffing.take(batch);
    if (sniffing.failure !== undefined) return notRun(sniffing.failure);
    done += batch.length;
    await order.report?.(done);
  }
  return sniffing.found.conclude(version.output.trim().slice(0, 100));
}

/** Whether the program can be called: its version, or undefined. */
export async function probeSniffer(program: string): Promise<string | undefined> {
  const version = await askVersion(program, new AbortController().signal);
  return version.kind === 'ended' && version.code === 0 ? version.output.trim() : undefined;
}

function askVersion(program: string, signal: AbortSignal): Promise<Ending> {
  return runProgram({ program, signal, arguments: ['--version'], timeLimitMs: versionTimeLimitMs });
}

/** Large files stand alone: what they do to the program is not done to others. */
function divide(files: readonly SniffedFile[]): SniffedFile[][] {
  const batches: SniffedFile[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const file of files) {
    bytes += file.size;
    const last = batches.at(-1);
    if (last && last.length < maxBatchFiles && bytes <= maxBatchBytes) last.push(file);
    else {
      batches.push([file]);
      bytes = file.size;
    }
  }
  return batches;
}

class Sniffing {
  readonly found = new FoundList();
  /** Why it is no use to go on. */
  failure: string | undefined;
  readonly #order: SniffOrder;
  readonly #endsAt = performance.now() + timeLimitMs;
  #unread = 0;

  constructor(order: SniffOrder) {
    this.#order = order;
  }

  async take(batch: readonly SniffedFile[]): Promise<void> {
    for (const file of batch) if (file.size > maxFileBytes) this.#miss(file, describeSize(file));
    const files = batch.filter((file) => file.size <= maxFileBytes);
    const ending = files.length === 0 ? undefined : await this.#run(files);
    if (!ending || this.failure !== undefined) return;
    const report = ending.kind === 'ended' ? parseReport(ending.output) : undefined;
    if (!report && isRefusal(ending)) this.failure = describeEnding(this.#order.program, ending);
    else
      for (const file of files)
        await this.#judge(file, report?.get(file.location), { ending, isAlone: files.length === 1 });
  }

  /** What stands in no report was not looked at: the program is asked about it alone, once. */
  async #judge(
    file: SniffedFile,
    findings: readonly FileFinding[] | undefined,
    { ending, isAlone }: { readonly ending: Ending; readonly isAlone: boolean },
  ): Promise<void> {
    if (findings) for (const finding of findings) this.found.add({ ...finding, path: file.path });
    else if (isAlone) this.#miss(file, describeEnding(this.#order.program, ending));
    else if (this.failure === undefined) await this.take([file]);
  }

  #miss({ path }: SniffedFile, reason: string): void {
    const message = `the file was not looked at: ${reason}`;
    this.found.add({ severity: 'error', path, line: 0, code: 'Signpost.Unread', message });
    this.#unread += 1;
    if (this.#unread >= maxUnread)
      this.failure = `${maxUnread} files were not looked at; the last one was ${path}: ${reason}`;
  }

  async #run(files: readonly SniffedFile[]): Promise<Ending | undefined> {
    const { program, folder, signal } = this.#order;
    const left = Math.ceil(this.#endsAt - performance.now());
    if (left <= 0) {
      this.failure = `${program} took more than ${timeLimitMs / 1000} seconds`;
      return undefined;
    }
    const paths = files.map(({ location }) => join(folder, location));
    return runProgram({ program, signal, arguments: [...this.#words(), ...paths], timeLimitMs: left });
  }

  /** A plugin may tell the sniffs of a standard to look away, as is usual, but not those that look for break-ins. */
  #words(): readonly string[] {
    const { standard, folder } = this.#order;
    const own = [`--standard=${ownStandard}`, '--ignore-annotations', '--extensions=php'];
    const rules = standard === undefined ? own : [`--standard=${standard}`, `--extensions=${standardExtensions}`];
    return ['-q', '--no-colors', '--no-cache', '--report=json', '--parallel=1', `--basepath=${folder}`, ...rules];
  }
}

/** Those that PHP_CodeSniffer takes for PHP when it is told to look at them. */
const standardExtensions = 'php,phtml,inc,php3,php4,php5,php7,php8';

/** It says no to how it was called, and would to every other file as well. */
function isRefusal(ending: Ending): boolean {
  return ending.kind === 'missing' || (ending.kind === 'ended' && ending.code === 3);
}

function describeSize({ size }: SniffedFile): string {
  return `expected at most ${maxFileBytes} bytes of PHP in one file, got ${size}`;
}
