/** The audit log: append-only and hash-chained. Every state change records its row in its own transaction. */
import type { AuditAction } from './actions.ts';

/** Who did it. */
export interface Actor {
  readonly kind: 'person' | 'api-key' | 'client-certificate' | 'system' | 'anonymous';
  /** Id of the person, API key or certificate; null for the others. */
  readonly id: string | null;
  readonly sessionId: string | null;
}

/** The server itself: schedules and start-up. */
export const systemActor: Actor = { kind: 'system', id: null, sessionId: null };

/** One row to be recorded. `detail` holds no secret: strings, integers and booleans only. */
export interface AuditEntry {
  readonly organisationId: string | null;
  readonly actor: Actor;
  readonly action: AuditAction;
  readonly object: { readonly kind: string; readonly id: string };
  readonly outcome?: 'success' | 'refused';
  readonly detail?: Readonly<Record<string, string | number | boolean | null>>;
}

/** Who asks, and in which organisation: what every act of a plane is given. */
export interface Caller {
  readonly organisationId: string;
  readonly actor: Actor;
}
