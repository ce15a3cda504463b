/** Rows of the audit log that must neither flood it nor be lost while the database is away: counted exactly, and written together, now or later. */
import type { BaseLogger } from 'pino';
import { type AuditEntry, systemActor } from '../audit/audit.ts';
import { recordAudits } from '../audit/store.ts';
import type { Database } from '../storage/database.ts';
import { createQueue } from '../storage/turns.ts';

/** What rows are written with. */
export interface SampledAuditParts {
  readonly database: Pick<Database, 'transaction'>;
  readonly now: () => number;
  readonly log: Pick<BaseLogger, 'warn'>;
}

/** What is told: which rule refused what, or why what ended, in which organisation, if in one. */
export interface Sample {
  readonly organisationId: string | null;
  readonly action: 'push.frames_refused' | 'push.limited' | 'push_session_key.ended';
  /** A word of ours, never of a client. */
  readonly reason: string;
  /** What is told of by a row of its own; without it, one row tells of all with the same reason. */
  readonly subject?: { readonly kind: string; readonly id: string; readonly endedAt: number };
}

interface Counted extends Sample {
  count: number;
}

const gatherMs = 10_000;
const maxRows = 500;

/** Rows of their own that wait; what comes beyond it while the database is away is counted by its reason alone. */
const maxSubjects = 10_000;

/** Writes one row for all that is the same within ten seconds. */
export class SampledAudit {
  readonly #parts: SampledAuditParts;
  readonly #counts = new Map<string, Counted>();
  /** One writes at a time, or a count could be taken off twice. */
  readonly #inTurn = createQueue();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: SampledAuditParts) {
    this.#parts = parts;
  }

  /** Counts one. */
  note({ subject: told, ...what }: Sample): void {
    const subject = this.#counts.size < maxSubjects ? told : undefined;
    const sample: Sample = subject ? { ...what, subject } : what;
    const key = `${what.organisationId} ${what.action} ${what.reason} ${subject?.id ?? ''}`;
    const entry = this.#counts.get(key) ?? { ...sample, count: 0 };
    entry.count += 1;
    this.#counts.set(key, entry);
    this.#arm();
  }

  /** Writes what was counted; what cannot be written now is kept, and tried again after ten seconds. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#inTurn(async () => {
      try {
        await this.#write([...this.#counts].map(([key, entry]) => [key, { ...entry }]));
      } catch (err) {
        this.#parts.log.warn({ err }, 'rows of the audit log could not be written yet');
        this.#arm();
      }
    });
  }

  async #write(counted: readonly (readonly [string, Counted])[]): Promise<void> {
    const { database, now } = this.#parts;
    for (let at = 0; at < counted.length; at += maxRows) {
      const page = counted.slice(at, at + maxRows);
      await database.transaction((tx) =>
        recordAudits(
          tx,
          now(),
          page.map(([, counts]) => entryOf(counts)),
        ),
      );
      for (const [key, { count }] of page) this.#takeOff(key, count);
    }
  }

  /** Others may have been counted meanwhile. */
  #takeOff(key: string, count: number): void {
    const entry = this.#counts.get(key);
    if (!entry) return;
    entry.count -= count;
    if (entry.count === 0) this.#counts.delete(key);
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => void this.flush(), gatherMs).unref();
  }
}

function entryOf({ organisationId, action, reason, subject, count }: Counted): AuditEntry {
  const outcome = action === 'push_session_key.ended' ? 'success' : 'refused';
  const told = { organisationId, action, actor: systemActor, outcome } as const;
  if (!subject) return { ...told, object: { kind: 'push', id: reason }, detail: { reason, count } };
  // The row may be written later than what it tells of.
  return { ...told, object: { kind: subject.kind, id: subject.id }, detail: { reason, ended_at: subject.endedAt } };
}
