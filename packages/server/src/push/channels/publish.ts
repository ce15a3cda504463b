/** Publishing on a channel of an application: judged before it waits for its place, and audited with it. */
import { createHash } from 'node:crypto';
import { TrustError } from '@signpost/protocol/errors';
import { encodeCanonicalText, type SignableObject } from '@signpost/protocol/json/canonical';
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import { assertFitting } from '../log/draft-size.ts';
import type { Published } from '../log/publications.ts';
import type { Sequencer } from '../log/sequencer.ts';
import type { Draft } from '../log/topics.ts';
import { assertDeclarable } from './channel.ts';

/** What somebody wants to publish. */
export interface Message {
  readonly channel: string;
  /** `app.<name>`. */
  readonly type: string;
  readonly data?: SignableObject | undefined;
  /** Publishing again under the same key publishes nothing and answers the same. */
  readonly idempotencyKey?: string | undefined;
}

/**
 * Publishes and resolves when the frame is durable. Throws `invalid` and `too_large` for what no frame can hold, `not_found` without the
 * channel, `conflict` for an idempotency key that published something else, `unavailable` while nothing can be signed.
 */
export async function publishMessage(
  { sequencer, now }: { readonly sequencer: Sequencer; readonly now: () => number },
  caller: Caller,
  { channel, type, data, idempotencyKey }: Message,
): Promise<Published> {
  assertDeclarable(channel);
  const draft: Draft = { channel, type, data, since: now() };
  assertPublishable(draft);
  const { organisationId, actor } = caller;
  const once =
    idempotencyKey === undefined
      ? undefined
      : {
          keyDigest: digestOf([actor.kind, actor.id, idempotencyKey]),
          contentDigest: digestOf([type, data === undefined ? null : encodeCanonicalText(data)]),
        };
  return sequencer.publish({ organisationId, draft, once, caller });
}

function assertPublishable(draft: Draft): void {
  if (!/^app\./.test(draft.type)) throw new Refusal('invalid', 'expected a type app.<name>', { rule: 'push-type' });
  try {
    assertFitting(draft);
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause;
    const code = cause.code === 'too_large' ? 'too_large' : 'invalid';
    throw new Refusal(code, cause.message, {
      rule: 'push-payload',
      hint: 'send a reference and a digest, and let listeners fetch what is larger',
      cause,
    });
  }
}

function digestOf(parts: readonly (string | null)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
