/** How the command says no: one sentence, a hint what to type instead, and an exit code that scripts can rely on. */

/** The exit codes; `signpost help exit-codes` and docs/command.md print them. */
export const exitCodes = {
  ok: 0,
  refused: 1,
  usage: 2,
  unavailable: 3,
  unverified: 4,
  interrupted: 130,
} as const;

/** Which of the exit codes. */
export type ExitReason = keyof typeof exitCodes;

/** What each exit code means, in the order of the codes. */
export const exitCodeTexts: Readonly<Record<ExitReason, string>> = {
  ok: 'Done.',
  refused:
    'Refused or failed: the server said no, an answer was no, a file could not be read; `verify`, `fetch`, `inspect`, `policy test`, `watch check`: not verified, or denied.',
  usage:
    'The command line is wrong, or a question could not be asked because there is no terminal; `watch check`: warned of.',
  unavailable:
    'The server could not be reached or is not available; the same command may succeed later; `watch check`: nobody knows.',
  unverified:
    'A verification failed: a signature, key, version, size, digest or expiry is not what it must be; the commands named above end with 1 for that.',
  interrupted: 'Broken off by Ctrl-C or a signal.',
};

/** A refusal. Its message and hint are shown to the user and hold no secret. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly reason: ExitReason;
  /** What to do instead. */
  readonly hint: string | undefined;
  /** The machine-readable code: the server's problem code, or the protocol's `TrustError` code. */
  readonly code: string | undefined;
  /** Signed documents that prove it to others. */
  readonly evidence: readonly string[];

  constructor(
    reason: Exclude<ExitReason, 'ok'>,
    message: string,
    options: {
      hint?: string | undefined;
      code?: string | undefined;
      evidence?: readonly string[];
      cause?: unknown;
    } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.reason = reason;
    this.hint = options.hint;
    this.code = options.code;
    this.evidence = options.evidence ?? [];
  }
}
