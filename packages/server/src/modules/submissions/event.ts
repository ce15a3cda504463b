/** What the bus is told of submissions. */

import type { Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { NamedSubmission } from './store.ts';

/** What happens to a submission, as bus and audit log call it. */
export type SubmissionTopic =
  | 'submission.received'
  | 'submission.failed'
  | 'submission.lapsed'
  | 'submission.withdrawn'
  | 'submission.refused'
  | 'submission.approved';

/** Records the event; the last thing but the audit log in its transaction. */
export async function recordSubmissionEvent(
  query: Query,
  { id, organisation_id: organisationId, slug, version, author_name: author }: NamedSubmission,
  { topic, at }: { readonly topic: SubmissionTopic; readonly at: number },
): Promise<void> {
  // `project`, as all events name it: endpoints ask for those of one project.
  const payload = { submission: id, project: slug, version, author };
  await recordEvent(query, { id: createId(at), organisationId, topic, payload, at });
}
