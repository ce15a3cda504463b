/** Notifications of a container registry (CNCF Distribution, "Work with notifications"): what was pushed or deleted there. */
import { z } from 'zod';
import { Refusal } from '../../errors.ts';

/** Events of one notification. */
const maxEvents = 1000;

const eventSchema = z.object({
  action: z.string().max(64),
  target: z.object({
    repository: z.string().max(255),
    tag: z.string().max(128).optional(),
    digest: z.string().max(128).optional(),
    mediaType: z.string().max(255).optional(),
  }),
  request: z.object({ host: z.string().max(255).optional() }).optional(),
});
const notificationSchema = z.object({ events: z.array(eventSchema).max(maxEvents) });

/** The names by which cosign and the fallback of the referrers API keep what is said of a digest (OCI Distribution 1.1). */
const attachmentPattern = /^sha256-([0-9a-f]{64})(?:\.[a-z]+)?$/;

/**
 * References that something happened to, each once. `registry` replaces the host that the registry goes by among its clients. What is no
 * manifest is left out. Throws `invalid`.
 */
export function parseNotification(text: string, registry: string | undefined): readonly string[] {
  const parsed = notificationSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new Refusal('invalid', 'expected a notification of a registry', { rule: 'schema' });
  const references = parsed.data.events.flatMap(({ action, target, request }) => {
    const host = registry ?? request?.host;
    if (host === undefined || !['push', 'delete', 'mount'].includes(action)) return [];
    const label = labelOf(target);
    return label === undefined ? [] : [`oci:${host}/${target.repository}${label}`];
  });
  return [...new Set(references)];
}

function labelOf({ tag, digest, mediaType = '' }: z.infer<typeof eventSchema>['target']): string | undefined {
  const subject = tag === undefined ? undefined : attachmentPattern.exec(tag)?.[1];
  if (subject !== undefined) return `@sha256:${subject}`;
  if (tag !== undefined) return `:${tag}`;
  const isManifest = /(?:manifest|index)/.test(mediaType);
  // What is pushed without a name may be anything that belongs to what has one: the source is looked at, not this.
  return isManifest && digest !== undefined ? '' : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Refusal('invalid', 'expected JSON', { rule: 'schema', cause });
  }
}
