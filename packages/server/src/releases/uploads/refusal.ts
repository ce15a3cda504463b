/** How an upload ends badly: the reason is kept, the bytes are not. */
import type { Actor } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import type { Refusal } from '../../errors.ts';
import type { Database } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import { createUploadRefusal } from '../inspection/rules.ts';
import type { PartFiles } from './part-files.ts';
import { findUploadWithProject, moveUpload } from './store.ts';

/** The column `upload.refusal`, as JSON and on the wire. */
interface StoredRefusal {
  readonly rule: string;
  readonly message: string;
  readonly hint: string;
}

/** The refusal of an upload whose inspection the server gave up; why stands in its log. */
export function createInspectionFailure(): Refusal {
  return createUploadRefusal('inspection-failed', 'the server could not inspect the file, however often it tried');
}

/** Refuses an upload that is not accepted yet, and removes its bytes. */
export async function refuseUpload(
  { database, parts, now }: { database: Database; parts: PartFiles; now: () => number },
  id: string,
  refusal: Refusal,
): Promise<void> {
  const at = now();
  const stored: StoredRefusal = { rule: refusal.rule ?? '', message: refusal.message, hint: refusal.hint ?? '' };
  await database.transaction(async (tx) => {
    const row = await findUploadWithProject(tx, id);
    const change = { state: 'refused', refusal: JSON.stringify(stored), updated_at: at } as const;
    if (!row || !(await moveUpload(tx, id, { from: ['receiving', 'inspecting'], change }))) return;
    const facts = { project: row.slug, version: row.version, name: row.name, rule: stored.rule };
    await recordEvent(tx, {
      id: createId(at),
      organisationId: row.organisation_id,
      topic: 'upload.refused',
      payload: { upload_id: id, ...facts },
      at,
    });
    await recordAudit(tx, at, {
      organisationId: row.organisation_id,
      actor: JSON.parse(row.actor) as Actor,
      action: 'upload.refused',
      object: { kind: 'upload', id },
      outcome: 'refused',
      detail: facts,
    });
  });
  await parts.remove(id);
}
