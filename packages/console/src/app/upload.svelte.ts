/** An upload as a page shows it; what was cut off is remembered by this browser, and goes on when the same file is chosen again. */
import { type ProblemDetails, problemOf } from '../api/problem.ts';
import { type FileToSend, type Passage, sendFile, type Upload } from './send-file.ts';
import { api, session } from './session.svelte.ts';

/** An upload that has not ended in this browser. */
export interface UnfinishedUpload {
  readonly id: string;
  readonly sha256: string;
  readonly name: string;
  readonly version: string;
}

/** One upload. */
export interface UploadAct {
  readonly file: FileToSend['file'] | undefined;
  /** Undefined before and after. */
  readonly passage: Passage | undefined;
  /** What the server made of it: accepted or refused. */
  readonly outcome: Upload | undefined;
  readonly problem: ProblemDetails | undefined;
  /** Sends a file; resolves to whether it was accepted. */
  send(wanted: FileToSend): Promise<boolean>;
  /** Stops sending; what has come stays on the server for a day. */
  stop(): void;
  /** Forgets how the last one ended. */
  clear(): void;
}

/** An upload that stops when the page goes. Call it while a component is set up. */
export function createUpload(): UploadAct {
  let file = $state.raw<FileToSend['file'] | undefined>();
  let passage = $state.raw<Passage | undefined>();
  let outcome = $state.raw<Upload | undefined>();
  let problem = $state.raw<ProblemDetails | undefined>();
  let controller = new AbortController();
  $effect(() => () => controller.abort());
  const reset = () => {
    outcome = undefined;
    problem = undefined;
  };
  return {
    get file() {
      return file;
    },
    get passage() {
      return passage;
    },
    get outcome() {
      return outcome;
    },
    get problem() {
      return problem;
    },
    send: async (wanted) => {
      if (passage) return false;
      reset();
      file = wanted.file;
      passage = { phase: 'digesting', bytes: 0 };
      controller = new AbortController();
      const { signal } = controller;
      try {
        outcome = await sendFile({ ...browserParts(wanted, signal), onPassage: (next) => (passage = next) }, wanted);
        forgetUpload(wanted.slug, outcome.id);
        return outcome.state === 'accepted';
      } catch (error) {
        if (!signal.aborted) problem = problemOf(error);
        return false;
      } finally {
        passage = undefined;
      }
    },
    stop: () => controller.abort(),
    clear: reset,
  };
}

function browserParts({ slug, version, file: { name } }: FileToSend, signal: AbortSignal) {
  return {
    client: api,
    signal,
    pause: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
    recall: (sha256: string) =>
      listUnfinished(slug).find(
        (upload) => upload.sha256 === sha256 && upload.name === name && upload.version === version,
      )?.id,
    onBegun: (id: string, sha256: string) => {
      const others = listUnfinished(slug).filter((upload) => upload.id !== id);
      writeUnfinished(slug, [{ id, sha256, name, version }, ...others].slice(0, 20));
    },
  };
}

/** The uploads to a project that this browser has begun and not seen the end of. */
export function listUnfinished(slug: string): readonly UnfinishedUpload[] {
  try {
    return JSON.parse(localStorage.getItem(storageKey(slug)) ?? '[]') as readonly UnfinishedUpload[];
  } catch {
    return [];
  }
}

/** Remembers an upload no longer. */
export function forgetUpload(slug: string, id: string): void {
  writeUnfinished(
    slug,
    listUnfinished(slug).filter((upload) => upload.id !== id),
  );
}

function writeUnfinished(slug: string, uploads: readonly UnfinishedUpload[]): void {
  if (uploads.length === 0) localStorage.removeItem(storageKey(slug));
  else localStorage.setItem(storageKey(slug), JSON.stringify(uploads));
}

function storageKey(slug: string): string {
  return `signpost uploads ${session()?.organisation ?? ''} ${slug}`;
}
