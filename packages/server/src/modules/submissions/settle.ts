/** What becomes of a submission when its upload has ended: it waits for a manager, or is over. Bears being told again. */
import type { Transaction } from 'kysely';
import { systemActor } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { findRelease } from '../../releases/lifecycle/store.ts';
import { findArtifact } from '../../releases/uploads/store.ts';
import type { Event } from '../../storage/bus.ts';
import type { Database, Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import { recordSubmissionEvent, type SubmissionTopic } from './event.ts';
import {
  findByUpload,
  findUploadById,
  listUnsettled,
  moveSubmission,
  type NamedSubmission,
  type SubmissionRow,
} from './store.ts';

/** What settling works with. */
export interface SettleParts {
  readonly database: Database;
  readonly now: () => number;
}

/** After `upload.accepted` and `upload.refused`. */
export async function settleAfter(parts: SettleParts, { payload }: Event): Promise<void> {
  if (typeof payload.upload_id === 'string') await settleUpload(parts, payload.upload_id);
}

/** By the clock: what no event told, and what was never sent. */
export async function settleSubmissions(parts: SettleParts): Promise<void> {
  for (const uploadId of await listUnsettled(parts.database.query)) await settleUpload(parts, uploadId);
}

async function settleUpload({ database, now }: SettleParts, uploadId: string): Promise<void> {
  await database.transaction(async (tx) => {
    const row = await findByUpload(tx, uploadId);
    if (row?.state !== 'receiving') return;
    const end = await findEnd(tx, row);
    if (!end) return;
    const at = now();
    const { topic, ...change } = end;
    if (!(await moveSubmission(tx, row.id, { from: 'receiving', change: { ...change, updated_at: at } }))) return;
    await recordEnd(tx, row, { topic, at });
  });
}

type End = Partial<SubmissionRow> & { readonly topic: SubmissionTopic };

/** How it ended; undefined while bytes come or are looked into. */
async function findEnd(query: Query, row: NamedSubmission): Promise<End | undefined> {
  const upload = await findUploadById(query, row.upload_id);
  if (!upload) return { topic: 'submission.lapsed', state: 'lapsed' };
  if (upload.state === 'refused') return { topic: 'submission.failed', state: 'failed', failure: upload.refusal };
  if (upload.state !== 'accepted') return undefined;
  const release = await findRelease(query, row.module_id, row.version);
  const file = upload.artifact_id === null ? undefined : await findArtifact(query, upload.artifact_id);
  if (!release || !file) throw new Error('expected the release and the file of an accepted upload');
  const files = { release_id: release.id, artifact_id: file.id, sha256: file.sha256, file_name: file.name };
  return { topic: 'submission.received', state: 'submitted', ...files };
}

async function recordEnd(
  tx: Transaction<Schema>,
  row: NamedSubmission,
  { topic, at }: { readonly topic: SubmissionTopic; readonly at: number },
): Promise<void> {
  await recordSubmissionEvent(tx, row, { topic, at });
  await recordAudit(tx, at, {
    ...{ organisationId: row.organisation_id, actor: systemActor, action: topic },
    object: { kind: 'submission', id: row.id },
    detail: { module: row.slug, version: row.version },
  });
}
