/** What a flood must not turn into a flood of audit rows: counted exactly, and told together every ten seconds. */
import type { BaseLogger } from 'pino';
import { systemActor } from '../audit/audit.ts';
import { recordAudits } from '../audit/store.ts';
import type { Database } from '../storage/database.ts';

/** What rows are written with. */
export interface SampledAuditParts {
  readonly database: Database;
  readonly now: () => number;
  readonly log: Pick<BaseLogger, 'warn'>;
}

/** What is told: which rule refused what, in which organisation, if in one. */
export interface Sample {
  readonly organisationId: string | null;
  readonly action: 'push.frames_refused' | 'push.limited';
  /** A word of ours, never of a client. */
  readonly reason: string;
}

const gatherMs = 10_000;
const maxRows = 500;

/** Writes one row for all that is the same within ten seconds. */
export class SampledAudit {
  readonly #parts: SampledAuditParts;
  readonly #counts = new Map<string, Sample & { count: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: SampledAuditParts) {
    this.#parts = parts;
  }

  /** Counts one. */
  note(sample: Sample): void {
    const key = `${sample.organisationId} ${sample.action} ${sample.reason}`;
    const entry = this.#counts.get(key) ?? { ...sample, count: 0 };
    entry.count += 1;
    this.#counts.set(key, entry);
    this.#timer ??= setTimeout(() => void this.flush(), gatherMs).unref();
  }

  /** Writes what was counted. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const entries = [...this.#counts.values()].map(({ organisationId, action, reason, count }) => ({
      ...{ organisationId, action, actor: systemActor, outcome: 'refused' as const },
      ...{ object: { kind: 'push', id: reason }, detail: { reason, count } },
    }));
    this.#counts.clear();
    if (entries.length === 0) return;
    const { database, now, log } = this.#parts;
    await database
      .transaction((tx) => recordAudits(tx, now(), entries.slice(0, maxRows)))
      .catch((err: unknown) => log.warn({ err }, 'what was refused could not be recorded'));
  }
}
