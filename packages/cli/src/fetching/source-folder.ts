/** What is kept of a source: what was seen, the last artifact, and the evidence for it, which is verified again whenever it is used. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import type { StateStore } from '@signpost/protocol/client/state';
import { TrustError } from '@signpost/protocol/errors';
import type { LandedFile, Landing } from '@signpost/protocol/fetching/download';
import type { FetchedEvidence } from '@signpost/protocol/fetching/fetch-verified';
import { errorCodeOf, syncFolder, writeFileAtomically } from '../files/atomic-write.ts';
import { Failure } from '../terminal/failure.ts';
import { openLanding, readLanded } from './landing-file.ts';

/** The folder of one source. */
export interface SourceFolder {
  readonly store: StateStore;
  readonly landing: Landing;
  /** Where the artifact is, once it was kept. */
  readonly artifactPath: string;
  /** What was kept; `undefined`: nothing, or not all of it. */
  readKept(): Promise<{ readonly file: LandedFile; readonly evidence: FetchedEvidence } | undefined>;
  /** Moves what landed to its place. */
  keep(evidence: FetchedEvidence): Promise<void>;
  /** Takes the evidence of now for what is kept already. */
  keepEvidence(evidence: FetchedEvidence): Promise<void>;
  /** Lets the next one in. */
  release(): void;
}

/**
 * Opens the folder below `configDir` for what the user calls the source, and keeps others out until it is released or
 * the process ends. Throws Failure while somebody else has it.
 */
export async function openSourceFolder(configDir: string, source: string): Promise<SourceFolder> {
  const folder = join(configDir, 'sources', createHash('sha256').update(source).digest('hex').slice(0, 32));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const release = await lockSource(join(folder, 'lock'));
  const [state, part, artifactPath, evidencePath] = ['state.json', 'part', 'artifact', 'evidence.json'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  const keepEvidence = (evidence: FetchedEvidence) => writeFileAtomically(evidencePath, encodeEvidence(evidence));
  return {
    ...{ artifactPath, release },
    landing: openLanding(part),
    store: { read: () => readIfThere(state), write: (text) => writeFileAtomically(state, text) },
    readKept: async () => {
      const text = await readIfThere(evidencePath);
      const file = await readLanded(artifactPath).catch(() => undefined);
      return text === undefined || !file ? undefined : { file, evidence: parseEvidence(text) };
    },
    keepEvidence,
    keep: async (evidence) => {
      await rm(`${part}.etag`, { force: true });
      await rename(part, artifactPath);
      await syncFolder(folder);
      await keepEvidence(evidence);
    },
  };
}

/** SQLite's file locks are the only ones in Node that work on every system and die with the process. */
async function lockSource(path: string): Promise<() => void> {
  const { DatabaseSync } = await import('node:sqlite');
  const file = new DatabaseSync(path, { timeout: 0 });
  try {
    file.exec('begin exclusive');
  } catch (cause) {
    file.close();
    throw new Failure('unavailable', 'expected no other fetch of this source, got one that is under way', {
      hint: 'wait for it, or call this source by another name: --source NAME',
      cause,
    });
  }
  return () => file.close();
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

interface KeptEvidence {
  readonly documents: readonly string[];
  readonly signed: {
    readonly kind: string;
    readonly bytes?: string;
    readonly target?: string;
    readonly title?: string;
    readonly chosen?: { readonly platform: string; readonly manifest: string };
  };
}

function encodeEvidence({ documents, signed }: FetchedEvidence): string {
  const kept: KeptEvidence = {
    documents: documents.map(encodeBase64),
    signed:
      signed.kind === 'artifact'
        ? signed
        : JSON.parse(JSON.stringify({ ...signed, bytes: encodeBase64(signed.bytes), ...encodeChosen(signed) })),
  };
  return JSON.stringify(kept);
}

function encodeChosen(signed: FetchedEvidence['signed']): object {
  if (signed.kind !== 'registry' || !signed.chosen) return {};
  const { platform, manifest } = signed.chosen;
  return { chosen: { platform, manifest: encodeBase64(manifest) } };
}

/** What is in the file is verified as if it had been fetched, so only its form matters here. */
function parseEvidence(text: string): FetchedEvidence {
  try {
    const { documents, signed } = JSON.parse(text) as KeptEvidence;
    const evidence = documents.map(parseBase64);
    if (signed.kind === 'artifact') return { documents: evidence, signed: { kind: 'artifact' } };
    const bytes = parseBase64(String(signed.bytes));
    if (signed.kind === 'registry') {
      const { title, chosen: kept } = signed;
      const chosen = kept && { platform: String(kept.platform), manifest: parseBase64(String(kept.manifest)) };
      return { documents: evidence, signed: { kind: 'registry', bytes, title, chosen } };
    }
    return { documents: evidence, signed: { kind: 'capsule', bytes, target: String(signed.target) } };
  } catch (cause) {
    throw new TrustError('state_invalid', 'expected the evidence that was kept of the source', { cause });
  }
}
