/** Makes an SBOM of an accepted upload, in a job: an upload without one is as good as any. */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { systemActor } from '../../../audit/audit.ts';
import type { Config } from '../../../config.ts';
import { Refusal } from '../../../errors.ts';
import { attachSbom, type SbomDependencies } from '../../../evidence/sboms/sbom.ts';
import { listSboms } from '../../../evidence/sboms/store.ts';
import type { Query } from '../../../storage/database.ts';
import { createId } from '../../../storage/ids.ts';
import { enqueueJob, type Job } from '../../../storage/jobs.ts';
import { threadEnvironment } from '../../../thread-environment.ts';
import { describeSubject } from '../subject.ts';
import type { GenerationAnswer, GenerationOrder } from './generate-messages.ts';
import { type ArtifactInRelease, findArtifactInRelease } from './store.ts';

/** What the job works with. */
export interface GenerationDependencies extends SbomDependencies {
  readonly config: Pick<Config, 'maxSbomMb' | 'maxUncompressedMb'>;
  readonly log: Pick<Logger, 'warn'>;
  /** Of the server, for the document to name. */
  readonly version: string;
}

/** The kind of the job that runs `generateSbom`. */
export const generationJobKind = 'sbom.generate';

const maxHeapMb = 512;
const timeLimitMs = 300_000;

/** Asks for the SBOM of an artifact, in the transaction that makes the artifact. */
export async function requestGeneration(
  tx: Query,
  { artifactId, organisationId, at }: { artifactId: string; organisationId: string; at: number },
): Promise<void> {
  await enqueueJob(tx, {
    ...{ id: createId(at), organisationId, kind: generationJobKind, payload: { artifact_id: artifactId } },
    ...{ dedupeKey: `${generationJobKind}:${artifactId}`, runAt: at, now: at },
  });
}

/**
 * Makes the SBOM of the job's artifact and keeps it. Changes nothing when there is one already, when the file lies elsewhere or is gone, or when no package is found in it. What
 * cannot be made is logged: it does not keep a release from anything by itself.
 */
export async function generateSbom(dependencies: GenerationDependencies, job: Pick<Job, 'payload'>): Promise<void> {
  const { database, blobs } = dependencies;
  const found = await findArtifactInRelease(database.query, String(job.payload.artifact_id));
  const path = found && blobs.locate(found.artifact.sha256);
  if (!found || path === undefined || (await isMade(database.query, found))) return;
  try {
    const document = await runThread({
      path,
      facts: describeFacts(dependencies, found),
      limits: limitsOf(dependencies),
    });
    if (document !== undefined) await keep(dependencies, found, document);
  } catch (err) {
    // The draft was discarded meanwhile: there is nothing that it would be about.
    if (err instanceof Refusal && err.rule === 'evidence-target-gone') return;
    const isRefusal = err instanceof Refusal && err.code === 'upload_refused';
    if (!isRefusal && !(err instanceof GenerationFailure)) throw err;
    dependencies.log.warn({ err, artifact: found.artifact.id }, 'no SBOM could be made of an upload');
  }
}

/** The thread broke off; another attempt would end in the same way. */
class GenerationFailure extends Error {}

async function isMade(query: Query, { release, artifact }: ArtifactInRelease): Promise<boolean> {
  const sboms = await listSboms(query, release.id);
  return sboms.some((sbom) => sbom.origin === 'generated' && sbom.artifact_sha256 === artifact.sha256);
}

function describeFacts({ now, version }: GenerationDependencies, { artifact, release }: ArtifactInRelease) {
  const { name, sha256 } = artifact;
  return { name, version: release.version, sha256, serial: randomUUID(), now: now(), serverVersion: version };
}

function limitsOf({ config }: GenerationDependencies) {
  return { maxUncompressedBytes: config.maxUncompressedMb * 2 ** 20 };
}

async function keep(
  dependencies: GenerationDependencies,
  { organisationId, slug, release, artifact }: ArtifactInRelease,
  document: string,
): Promise<void> {
  const subject = describeSubject({ slug, version: release.version }, release, artifact);
  const body = Readable.from([Buffer.from(document)]);
  await attachSbom(dependencies, { organisationId, actor: systemActor }, { subject, origin: 'generated', body });
}

async function runThread(order: GenerationOrder): Promise<string | undefined> {
  const worker = new Worker(new URL('./generate-worker.ts', import.meta.url), {
    workerData: order,
    env: threadEnvironment(),
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
  });
  try {
    return await new Promise((resolve, reject) => {
      const fail = (message: string, cause?: unknown) => reject(new GenerationFailure(message, { cause }));
      const timer = setTimeout(() => fail(`expected an SBOM within ${timeLimitMs} ms`), timeLimitMs);
      worker.on('message', ({ document }: GenerationAnswer) => resolve(document));
      worker.on('error', (cause) => fail('the thread broke off', cause));
      worker.on('exit', (code) => {
        clearTimeout(timer);
        fail(`the thread ended with code ${code}`);
      });
    });
  } finally {
    await worker.terminate();
  }
}
