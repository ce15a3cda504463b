/** A submission on the wire. */
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { z } from 'zod';
import { formatTime, timeSchema } from '../../http/router.ts';
import { proposalSchema } from '../members/change.ts';
import type { NamedSubmission } from './store.ts';

/** The states, as authors and managers name them. */
export const stateSchema = z.enum(['receiving', 'submitted', 'failed', 'lapsed', 'withdrawn', 'refused', 'approved']);

/** See the file. */
export const submissionSchema = z.object({
  id: z.string(),
  collection: z.string(),
  module: z.string(),
  version: z.string(),
  state: stateSchema,
  author: z.object({ id: z.string(), name: z.string() }),
  is_new_module: z.boolean(),
  file: z.object({ name: z.string(), sha256: z.string() }).nullable(),
  size_bytes: z.int(),
  facts: proposalSchema.nullable(),
  failure: z.object({ rule: z.string(), message: z.string(), hint: z.string() }).nullable(),
  note: z.string().nullable(),
  author_key: z.object({ key_id: z.string(), state: z.enum(['new', 'known', 'changed']) }).nullable(),
  created_at: timeSchema,
  updated_at: timeSchema,
});

const changelogSchema = z.record(z.string(), z.string());

/** A submission by itself, with what its author says is new in it. */
export const shownSubmissionSchema = submissionSchema.extend({
  changelog: changelogSchema.openapi({ description: 'Markdown by language, once the file is accepted.' }),
});

/** The submission as `shownSubmissionSchema` has it; `changelog` as it is stored. */
export async function formatShownSubmission(
  row: NamedSubmission,
  { collection, changelog = '{}' }: { readonly collection: string; readonly changelog: string | undefined },
): Promise<z.infer<typeof shownSubmissionSchema>> {
  const said = changelogSchema.parse(JSON.parse(changelog));
  return { ...(await formatSubmission(row, collection)), changelog: said };
}

/** The submission as `submissionSchema` has it. */
export async function formatSubmission(
  row: NamedSubmission,
  collection: string,
): Promise<z.infer<typeof submissionSchema>> {
  const { id, slug, version, state, author_id, author_name, sha256, file_name, note } = row;
  return {
    ...{ id, collection, module: slug, version, state, author: { id: author_id, name: author_name } },
    is_new_module: row.approved_at === null,
    file: sha256 === null || file_name === null ? null : { name: file_name, sha256 },
    size_bytes: Number(row.size_bytes),
    facts: row.facts === null ? null : proposalSchema.parse(JSON.parse(row.facts)),
    failure: row.failure === null ? null : JSON.parse(row.failure),
    note,
    author_key: await describeKey(row),
    created_at: formatTime(row.created_at),
    updated_at: formatTime(row.updated_at),
  };
}

async function describeKey({ public_key: pubkeyB64, known_key: known }: NamedSubmission) {
  if (pubkeyB64 === null) return null;
  const { keyId } = await parsePublicKey(pubkeyB64);
  return { key_id: keyId, state: known === null ? 'new' : known === pubkeyB64 ? 'known' : 'changed' } as const;
}
