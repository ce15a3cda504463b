/** What the plane refuses and cuts short, told in its figures and in the audit log alike. */
import type { FrameRefusal } from '@signpost/protocol/frames/verify-frame';
import type { LimitName } from './hub/admission.ts';
import type { PushMetrics } from './metrics.ts';
import type { SampledAudit } from './sampled-audit.ts';

/** What is limited: connections, what a client sends, keys for that, and how much may wait for one that does not read. */
type PushLimit = LimitName | 'client-frames' | 'session-keys' | 'slow';

/** Why a message of a client was refused: what is wrong with its frame, or why it can hold none. */
export type MessageRefusal =
  | FrameRefusal
  /** A stranger sent it. */
  | 'anonymous'
  | 'binary'
  | 'oversize'
  /** It breaks the rules of WebSockets: compressed without being asked, text that is no UTF-8, a frame that is none. */
  | 'protocol';

/** Counts refusals, never by client. */
export class Refusals {
  readonly #metrics: PushMetrics;
  readonly #audit: SampledAudit;

  constructor(metrics: PushMetrics, audit: SampledAudit) {
    this.#metrics = metrics;
    this.#audit = audit;
  }

  /** A limit was hit; `organisationId` is null where it is one of the whole server. */
  countLimited(limit: PushLimit, organisationId: string | null): void {
    this.#metrics.countLimited(limit);
    this.#audit.note({ organisationId, action: 'push.limited', reason: limit });
  }

  /** A message of a client was refused. */
  countRefused(reason: MessageRefusal, organisationId: string): void {
    this.#metrics.countRefusedFrame(reason);
    this.#audit.note({ organisationId, action: 'push.frames_refused', reason });
  }
}
