/** What the bare context and the browser run: the vectors, and a whole update over the platform's own `fetch`. */
import { createUpdater } from '@signpost/protocol/client/updater';
import { decideVectors, type VectorFiles, type VectorOutcome } from './decide-vectors.ts';

/** What was found by running everything. */
export interface PortableOutcome extends VectorOutcome {
  readonly installedText: string;
  readonly stateWrites: number;
}

/** Decides the vectors, then installs the release at `base`. */
export async function runEverything(
  files: VectorFiles,
  site: { readonly base: string; readonly root: string; readonly now: number },
): Promise<PortableOutcome> {
  const outcome = await decideVectors(files);
  let state: string | undefined;
  let stateWrites = 0;
  const write = async (text: string): Promise<void> => {
    state = text;
    stateWrites++;
  };
  const store = { read: async () => state, write };
  const fetchPage = (url: string, init: RequestInit): Promise<Response> => globalThis.fetch(url, init);
  const options = { base: site.base, roots: [site.root], store, fetch: fetchPage, now: () => site.now };
  const client = createUpdater(options);
  const found = await client.checkForUpdate({ project: 'demo', installedVersion: '1.1.0' });
  if (found.kind !== 'update') throw new Error(`expected an update, got ${found.kind}`);
  let installedText = '';
  const decoder = new TextDecoder();
  const sink = {
    write: (chunk: Uint8Array): void => {
      installedText += decoder.decode(chunk, { stream: true });
    },
    commit: (): void => undefined,
    abort: (): void => undefined,
  };
  await client.download(found.manifest.main, sink);
  return { ...outcome, installedText, stateWrites };
}
