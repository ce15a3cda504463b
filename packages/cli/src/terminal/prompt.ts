/** Questions at the terminal. Secrets come from here, a file descriptor or a file; never from arguments or environment. */
import { readFileSync, statSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { confirm, isCancel, password, text } from '@clack/prompts';
import { Failure } from './failure.ts';

/** The longest secret that is read, in bytes. */
const maxSecretBytes = 4096;

/** Where the questions are asked. */
export interface PromptOptions {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** `--yes`: every confirmation is answered with yes. */
  readonly yes: boolean;
}

/** Where a secret may come from besides the terminal. */
export interface SecretSource {
  readonly fd?: number | undefined;
  readonly file?: string | undefined;
}

/** Asks people. Each question fails with a hint when there is no terminal to ask at. */
export class Prompt {
  readonly #options: PromptOptions;

  constructor(options: PromptOptions) {
    this.#options = options;
  }

  /** Whether somebody can answer. */
  get isInteractive(): boolean {
    return this.#options.stdin.isTTY === true && this.#options.stderr.isTTY === true;
  }

  /** Returns when the answer is yes, throws otherwise. */
  async confirm(message: string): Promise<void> {
    if (this.#options.yes) return;
    this.#assertInteractive('this needs a confirmation', '--yes answers it in scripts');
    const answer = await confirm({ message, initialValue: false, ...this.#streams });
    if (answer !== true) throw new Failure('refused', 'cancelled, nothing was changed');
  }

  /** One line of text. */
  async askText(message: string, option: string): Promise<string> {
    this.#assertInteractive(`${message} is needed`, `give it by ${option}`);
    const answer = await text({ message, ...this.#streams });
    if (isCancel(answer)) throw new Failure('refused', 'cancelled, nothing was changed');
    return answer.trim();
  }

  /** A secret from `source`, or asked without echo. `option` is the option's stem, for the hint. */
  async askSecret(message: string, source: SecretSource, option: string): Promise<string> {
    if (source.fd !== undefined || source.file !== undefined) return readSecret(source);
    this.#assertInteractive(`${message} is needed`, `give it by --${option}-file PATH or --${option}-fd N`);
    const answer = await password({ message, mask: '*', ...this.#streams });
    if (isCancel(answer)) throw new Failure('refused', 'cancelled, nothing was changed');
    return answer.normalize('NFC');
  }

  /** A new secret of at least `minLength` characters, asked twice at a terminal. */
  async askNewSecret(
    message: string,
    source: SecretSource,
    rules: { option: string; minLength: number },
  ): Promise<string> {
    const secret = await this.askSecret(message, source, rules.option);
    if ([...secret].length < rules.minLength) {
      throw new Failure('refused', `expected at least ${rules.minLength} characters`, {
        hint: 'several random words are easy to remember and hard to guess',
      });
    }
    const fromTerminal = source.fd === undefined && source.file === undefined;
    if (fromTerminal && (await this.askSecret(`${message}, once more`, source, rules.option)) !== secret) {
      throw new Failure('refused', 'the two entries differ');
    }
    return secret;
  }

  #assertInteractive(message: string, hint: string): void {
    if (!this.isInteractive) throw new Failure('usage', `${message}, and there is no terminal to ask at`, { hint });
  }

  get #streams() {
    return { input: this.#options.stdin, output: this.#options.stderr };
  }
}

/** The first line of a file or file descriptor, in NFC (RFC 8265), so that the same words typed elsewhere are the same. */
function readSecret({ fd, file }: SecretSource): string {
  const origin = file ?? `file descriptor ${fd}`;
  const bytes = readBytes(file ?? fd ?? 0, origin);
  if (bytes.length > maxSecretBytes)
    throw new Failure('refused', `expected at most ${maxSecretBytes} bytes in ${origin}`);
  const line = bytes.toString('utf8').split(/\r?\n/, 1)[0] ?? '';
  bytes.fill(0);
  if (line === '') throw new Failure('refused', `expected a secret in the first line of ${origin}, got nothing`);
  return line.normalize('NFC');
}

function readBytes(source: string | number, origin: string): Buffer {
  try {
    return readFileSync(source);
  } catch (cause) {
    throw new Failure('refused', `${origin} cannot be read`, { cause });
  }
}

/** Whether others than the owner may read the file; false where the system has no such modes. */
export function isReadableByOthers(file: string): boolean {
  if (process.platform === 'win32') return false;
  const status = statSync(file, { throwIfNoEntry: false });
  return status?.isFile() === true && (status.mode & 0o077) !== 0;
}
