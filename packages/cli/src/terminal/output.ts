/** What the command prints: answers on stdout, notices on stderr, and with `--json` one document and nothing else. */
import type { Writable } from 'node:stream';
import type { ExitReason } from './failure.ts';

/** A value as JSON carries it. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** What a command found or did: for people as lines, for programs as one document. */
export interface Answer {
  readonly document: JsonValue;
  readonly lines: readonly string[];
  /** How the command ends when what it found is not good: `doctor` with errors. */
  readonly reason?: ExitReason;
}

/** Where to print, and how much. */
export interface OutputOptions {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** What is said of a failure. */
interface FailureReport {
  readonly message: string;
  readonly hint?: string | undefined;
  readonly code?: string | undefined;
  readonly exit_code: number;
  /** Signed documents to keep, and to show to others. */
  readonly evidence?: readonly string[];
}

/** Prints answers, notices and failures. Text from elsewhere cannot drive the terminal: see `escapeControls`. */
export class Output {
  readonly #options: OutputOptions;

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  /** Prints what the command was asked for. */
  answer({ document, lines }: Answer): void {
    const { stdout, json, quiet } = this.#options;
    if (json) stdout.write(`${JSON.stringify(document)}\n`);
    else if (!quiet) stdout.write(lines.map((line) => `${escapeControls(line)}\n`).join(''));
  }

  /** Prints a line of a longer story on stdout, unless quiet or JSON was asked for. */
  say(line: string): void {
    const { stdout, json, quiet } = this.#options;
    if (!json && !quiet) stdout.write(`${escapeControls(line)}\n`);
  }

  /** Prints text that belongs to a question and is never left out, on stderr so that stdout stays the answer's. */
  show(lines: readonly string[]): void {
    this.#options.stderr.write(lines.map((line) => `${escapeControls(line)}\n`).join(''));
  }

  /** Prints a remark on stderr, unless quiet or JSON was asked for. */
  note(line: string): void {
    if (!this.#options.quiet && !this.#options.json) this.show([line]);
  }

  /** Prints a warning on stderr, always. */
  warn(line: string): void {
    this.show([`warning: ${line}`]);
  }

  /** Prints a failure: with `--json` as the one document on stdout, otherwise as lines on stderr. */
  fail(failure: FailureReport): void {
    const { message, hint, evidence = [] } = failure;
    if (this.#options.json) this.#options.stdout.write(`${JSON.stringify({ error: failure })}\n`);
    else this.show([`error: ${message}`, ...(hint ? [`hint: ${hint}`] : []), ...evidence.flatMap(showEvidence)]);
  }
}

function showEvidence(document: string): readonly string[] {
  return ['', 'signed evidence, to be kept and shown to others:', ...document.trimEnd().split('\n')];
}

/** `text` with control characters and direction overrides replaced: a changelog must not move the cursor or hide a word. */
export function escapeControls(text: string): string {
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}
