/** A server, a client and its store, for tests: the server is real, the store is memory, the clock stands still. */
import type { Step } from '@signpost/protocol/client/steps';
import { createUpdater, type Updater, type UpdaterOptions } from '@signpost/protocol/client/updater';
import { fileBytes, now, rootA, signManifest, signTrust } from '../documents.ts';
import { type ReleaseServer, startReleaseServer } from './release-server.ts';

/** Keeps the state in memory, and every text that was ever written. */
export class MemoryStore {
  readonly written: string[] = [];
  text: string | undefined;

  async read(): Promise<string | undefined> {
    return this.text;
  }

  async write(text: string): Promise<void> {
    this.written.push(text);
    this.text = text;
  }
}

/** What a test works with. */
export interface World {
  readonly server: ReleaseServer;
  readonly store: MemoryStore;
  readonly steps: Step[];
  /** A client with the world's store, and `changes`. */
  createClient(changes?: Partial<UpdaterOptions>): Updater;
}

export const manifestPath = '/api/projects/demo/manifest';
export const trustPath = '/api/signing/trust';
export const rootsPath = '/api/signing/roots';
export const filePath = '/demo/1.2.0/demo.zip';

/** A world whose server publishes one honest release. */
export async function openWorld(): Promise<World & AsyncDisposable> {
  const server = await startReleaseServer();
  const store = new MemoryStore();
  const steps: Step[] = [];
  server.pages.set(trustPath, await signTrust());
  server.pages.set(manifestPath, await signManifest());
  server.pages.set(filePath, fileBytes);
  const options = { base: server.base, roots: [rootA.pubkeyB64], store, fetch, now: () => now };
  return {
    server,
    store,
    steps,
    createClient: (changes) => createUpdater({ ...options, onStep: (step) => steps.push(step), ...changes }),
    [Symbol.asyncDispose]: () => server.close(),
  };
}
