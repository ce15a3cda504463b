/** What people type of a webhook, and what the server is sent of it. */
import type { Answer } from '../../api/client.ts';
import { splitWords } from '../../app/typed-text.ts';

/** A webhook as it stands in the fields. */
export interface WebhookWords {
  url: string;
  description: string;
  types: string;
  /** Empty: all projects. */
  project: string;
}

/** The fields of a webhook; empty without one. */
export function wordsOf(webhook?: Answer<'GET /api/webhooks/{id}'>): WebhookWords {
  if (!webhook) return { url: '', description: '', types: '', project: '' };
  const { url, description, types, project } = webhook;
  return { url, description, types: types.join(' '), project: project ?? '' };
}

/** What the fields say; `project` is null where it says none. */
export function readWords({ url, description, types, project }: WebhookWords) {
  return { url: url.trim(), description, types: splitWords(types), project: project.trim() || null };
}
