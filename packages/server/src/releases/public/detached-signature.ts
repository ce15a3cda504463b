/** The signature that stands beside a file, `FILE.sig`: where WordPress' own updater looks that has no header of it. */
import type { StoredFile } from './store.ts';

/** The signature of a file in base64; undefined where none is signed that holds now. */
export type FindSignature = (
  project: { readonly organisation_id: string; readonly slug: string },
  file: StoredFile,
) => Promise<string | undefined>;

/** What the name of a file ends in that holds the signature of another one. */
export const signatureSuffix = '.sig';

/** What stands in such a file. */
export function encodeDetached(signature: string): string {
  return `${signature}\n`;
}
