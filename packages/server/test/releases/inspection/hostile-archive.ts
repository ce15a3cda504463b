/** What the corpora of hostile archives are made of. */
import type { UploadRule } from '../../../src/releases/inspection/rules.ts';

/** One archive. `build` is called once. */
export interface HostileArchive {
  readonly what: string;
  readonly rule: UploadRule;
  readonly name: string;
  readonly build: () => Buffer;
}
