/** What `watch export` and `watch import` share: files beside the settings, and what could not be carried over. */
import { readLocalDocument } from '../../evidence/local-document.ts';
import { cellOf, type JsonObject, objectsOf } from '../../http/answer.ts';

/** The tools whose settings are read and written. */
export const formatNames = ['cosign', 'policy-controller', 'kyverno', 'notation', 'pnpm'] as const;

const maxFileBytes = 512 * 1024;

/** Reads a file of text. Throws Failure when it cannot be read or is too long. */
export async function readTextFile(path: string): Promise<string> {
  return Buffer.from(await readLocalDocument(path, maxFileBytes)).toString('utf8');
}

/** Files of keys as the server takes them, under the names that they were given by. */
export async function readAttached(
  paths: readonly string[],
): Promise<readonly { readonly name: string; readonly text: string }[]> {
  return Promise.all(paths.map(async (name) => ({ name, text: await readTextFile(name) })));
}

/** Each clause that was not carried over exactly, on a line. */
export function describeRemarks(document: JsonObject): readonly string[] {
  return objectsOf(document, 'remarks').map((remark) => {
    const [effect, clause, text] = ['effect', 'clause', 'text'].map((name) => cellOf(remark, name));
    return `${effect}: ${clause}: ${text}`;
  });
}
