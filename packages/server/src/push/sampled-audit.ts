/** What a flood must not turn into a flood of audit rows: counted exactly, and told together every ten seconds. */
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

/** What is told: which rule refused what, in which organisation, if in one. */
export interface Sample {
  readonly organisationId: string | null;
  readonly action: 'push.frames_refused' | 'push.limited';
  /** A word of ours, never of a client. */
  readonly reason: string;
}

interface Counted extends Sample {
  count: number;
}

const gatherMs = 10_000;
const maxRows = 500;

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
  note(sample: Sample): void {
    const key = `${sample.organisationId} ${sample.action} ${sample.reason}`;
    const entry = this.#counts.get(key) ?? { ...sample, count: 0 };
    entry.count += 1;
    this.#counts.set(key, entry);
    this.#arm();
  }

  /** Writes what was counted; what cannot be written now is kept, and tried again with what comes. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#inTurn(async () => {
      try {
        await this.#write([...this.#counts].map(([key, entry]) => [key, { ...entry }]));
      } catch (err) {
        this.#parts.log.warn({ err }, 'what was refused could not be recorded');
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

function entryOf({ organisationId, action, reason, count }: Counted): AuditEntry {
  return {
    ...{ organisationId, action, actor: systemActor, outcome: 'refused' as const },
    ...{ object: { kind: 'push', id: reason }, detail: { reason, count } },
  };
}
