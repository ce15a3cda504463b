/** What the reading of a foreign file and its thread say to each other. */
import type { RefusalCode } from '../../errors.ts';
import type { FormatName } from './formats.ts';
import type { Imported } from './image-policy.ts';
import type { AttachedFiles } from './public-keys.ts';

/** What the thread is told to read. */
export interface FormatOrder {
  readonly format: FormatName;
  readonly text: string;
  readonly attached: AttachedFiles;
}

/** What the thread answers, once. */
export type FormatAnswer =
  | { readonly kind: 'read'; readonly imported: Imported }
  | {
      readonly kind: 'refused';
      readonly code: RefusalCode;
      readonly rule: string | undefined;
      readonly message: string;
    };
