import type { Transaction } from 'kysely';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import type { Config } from '../../config.ts';
import type { Blobs } from '../../storage/blobs.ts';
import type { Database } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { Schema } from '../../storage/schema.ts';
import { explainGone, keepFile, type Spool, type SpooledFile } from '../spool.ts';
import type { InspectedSbom, InspectSbom } from './inspection.ts';
import { insertSbom, retireSbom, type SbomRow } from './store.ts';

/** What SBOMs work with. */
export interface SbomDependencies {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly spool: Spool;
  readonly inspectSbom: InspectSbom;
  readonly config: Pick<Config, 'maxSbomMb'>;
  readonly now: () => number;
}

/** The artifact that an SBOM is about, as the releases plane names it. */
export interface SbomSubject {
  readonly projectId: string;
  readonly releaseId: string;
  /** For people and the log. */
  readonly project: string;
  readonly version: string;
  readonly artifactSha256: string;
  /** All that are known, under names such as `sha256`, in lower-case hex. */
  readonly digests: Readonly<Record<string, string>>;
}

/** An SBOM on its way in. */
export interface IncomingSbom {
  readonly subject: SbomSubject;
  readonly origin: SbomRow['origin'];
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Judges a document and keeps it as the artifact's SBOM of that origin, in the place of the one before. Throws `too_large`,
 * `upload_refused` with an `SbomRefusalRule`, `conflict` for a release that was deleted meanwhile, or `rate_limited` and `unavailable`, rule `sbom-queue-full`; then nothing is changed.
 */
export async function attachSbom(
  dependencies: SbomDependencies,
  caller: Caller,
  { subject, origin, body }: IncomingSbom,
): Promise<SbomRow> {
  const taker = { organisationId: caller.organisationId, isJob: origin === 'generated' };
  const { spool, inspectSbom, config, now } = dependencies;
  const maxBytes = config.maxSbomMb * 2 ** 20;
  return spool.receive(body, { maxBytes, now: now() }, async (file) => {
    const request = { maxBytes, artifact: subject.digests, now: now() };
    const inspected = await inspectSbom({ path: file.path, request }, taker);
    await keepFile(dependencies, file);
    const row = createRow({ subject, origin, file, inspected, at: now() });
    await dependencies.database
      .transaction(async (tx) => {
        await retireSbom(tx, { releaseId: subject.releaseId, artifactSha256: subject.artifactSha256, origin });
        await insertSbom(tx, row, inspected.components);
        await recordAttachment(tx, caller, { subject, row });
      })
      .catch(explainGone);
    return row;
  });
}

interface Attachment {
  readonly subject: SbomSubject;
  readonly origin: SbomRow['origin'];
  readonly file: SpooledFile;
  readonly inspected: InspectedSbom;
  readonly at: number;
}

function createRow({ subject, origin, file, inspected, at }: Attachment): SbomRow {
  const { format, serial, created, tools, authors, findings } = inspected.facts;
  return {
    ...{ id: createId(at), project_id: subject.projectId, release_id: subject.releaseId, origin, state: 'current' },
    ...{ artifact_sha256: subject.artifactSha256, sha256: file.sha256, size_bytes: file.sizeBytes },
    ...{ standard: format.standard, format_version: format.version, encoding: format.encoding },
    ...{ serial: serial ?? null, stated_at: created ?? null },
    ...{ tools: JSON.stringify(tools), authors: JSON.stringify(authors), findings: JSON.stringify(findings) },
    ...{ component_count: inspected.components.length, created_at: at },
  };
}

async function recordAttachment(
  tx: Transaction<Schema>,
  caller: Caller,
  { subject, row }: { subject: SbomSubject; row: SbomRow },
): Promise<void> {
  const facts = {
    ...{ project: subject.project, version: subject.version, artifact_sha256: subject.artifactSha256 },
    ...{ sha256: row.sha256, format: `${row.standard} ${row.format_version}`, components: row.component_count },
  };
  const action = row.origin === 'attached' ? 'sbom.attached' : 'sbom.generated';
  await recordEvent(tx, {
    ...{ id: createId(row.created_at), organisationId: caller.organisationId, topic: action },
    ...{ payload: { sbom_id: row.id, ...facts }, at: row.created_at },
  });
  await recordAudit(tx, row.created_at, { ...caller, action, object: { kind: 'sbom', id: row.id }, detail: facts });
}
