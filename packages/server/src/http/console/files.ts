/** What was built for browsers: the console, and the one script of the public pages. */
import { fileURLToPath } from 'node:url';
import { type BuiltFiles, readBuiltFiles } from '../built-files.ts';

/** What the server can say at `/console/`. */
export type Console =
  | { readonly kind: 'off' }
  | { readonly kind: 'unbuilt' }
  /** `index.html` is always there. */
  | { readonly kind: 'ready'; readonly files: BuiltFiles };

/** Where the build leaves them. */
const consoleFolder = fileURLToPath(new URL('../../../../console/dist/', import.meta.url));
const scriptFolder = fileURLToPath(new URL('../../../../console/dist-pages/', import.meta.url));

/** Reads the built console of this tree; `unbuilt` where there is none, as after an installation without development tools. */
export async function readConsole(): Promise<Console> {
  const files = await readBuiltFiles(consoleFolder, (path) => path.startsWith('assets/'));
  return files.has('index.html') ? { kind: 'ready', files } : { kind: 'unbuilt' };
}

/** Reads the built scripts of the public pages; none where they are not built. */
export async function readPageScripts(): Promise<BuiltFiles> {
  return readBuiltFiles(scriptFolder, () => true);
}
