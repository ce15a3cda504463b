/** What the process that parses PHP is told, and answers. */
import type { PhpVersion } from '../../../config-values.ts';

/** What is parsed, and by which PHP. */
export interface ParseOrder {
  readonly version: PhpVersion;
  readonly folder: string;
  /** Inside the folder. */
  readonly paths: readonly string[];
}

/** What a file is refused for. */
export interface SyntaxFault {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** The answer: the exact version, and what did not parse; or that this PHP is not installed. */
export type ParseAnswer =
  | { readonly outcome: 'parsed'; readonly version: string; readonly faults: readonly SyntaxFault[] }
  | { readonly outcome: 'missing' };
