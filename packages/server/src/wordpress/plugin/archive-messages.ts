/** What the reading of a plugin's archive and its thread say to each other. */
import type { UnpackLimits } from '../../releases/inspection/budget.ts';
import type { UploadRule } from '../../releases/inspection/rules.ts';
import type { PluginEntry } from './archive.ts';
import type { PluginContent } from './findings.ts';

/** What the thread is told: to read, or to unpack into a folder. */
export interface ArchiveOrder {
  readonly path: string;
  readonly limits: UnpackLimits;
  readonly into: string | undefined;
}

/** What the thread answers, once. */
export type ArchiveAnswer =
  | { readonly kind: 'read'; readonly content: PluginContent }
  | { readonly kind: 'unpacked'; readonly entries: readonly PluginEntry[] }
  | { readonly kind: 'refused'; readonly rule: UploadRule; readonly message: string };
