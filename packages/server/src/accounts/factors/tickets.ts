/** Tickets: short-lived tokens that only this process can have made and that count once, such as the challenges of WebAuthn (13.4.3). */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../../errors.ts';
import type { Database, Query } from '../../storage/database.ts';

/** Milliseconds that a ticket holds. */
export const ticketLifeMs: number = 5 * 60_000;

/** What a ticket is for. It holds for the same words alone; `subject` says whose it is. */
export interface TicketUse {
  readonly purpose: 'log-in' | 'second-factor' | 'passkey-registration' | 'passkey-log-in' | 'passkey-step-up';
  readonly subject: string;
}

const nonceBytes = 16;
const timeBytes = 6;
const macBytes = 32;
const ticketPattern = /^[A-Za-z0-9_-]{72}$/;

/** Spent tickets that are remembered. Each was spent by somebody who proved something, so honest use comes nowhere near. */
const maxSpent = 100_000;

/**
 * Makes and judges tickets. Nothing is kept of one that is open, so that strangers who ask for any number of them fill nothing and push nobody
 * else's out; what is spent is remembered until it would have ended.
 */
export class Tickets {
  readonly #key = randomBytes(32);
  /** When each spent ticket would have ended, in the order in which they were spent. */
  readonly #spent = new Map<string, number>();

  /** A new ticket: 54 bytes that tell nothing, of which 16 are random. */
  issue(use: TicketUse, now: number): Uint8Array<ArrayBuffer> {
    const head = Buffer.alloc(nonceBytes + timeBytes);
    randomBytes(nonceBytes).copy(head);
    head.writeUIntBE(now + ticketLifeMs, nonceBytes, timeBytes);
    return new Uint8Array(Buffer.concat([head, this.#authenticate(head, use)]));
  }

  /** Whether `ticket`, in base64url, was made here for this use, has not ended and is not spent. */
  holds(ticket: string, use: TicketUse, now: number): boolean {
    const bytes = decodeTicket(ticket);
    if (!bytes) return false;
    const head = bytes.subarray(0, nonceBytes + timeBytes);
    const isOurs = timingSafeEqual(bytes.subarray(-macBytes), this.#authenticate(head, use));
    return isOurs && readEnd(bytes) > now && !this.#spent.has(ticket);
  }

  /**
   * Spends a ticket that holds: of those who come with the same one at the same time, one. Throws `unauthenticated` for all others,
   * `unavailable` when too many were spent to remember one more.
   */
  spend(ticket: string, use: TicketUse, now: number): void {
    if (!this.holds(ticket, use, now)) throw new Refusal('unauthenticated', 'expected a challenge that is still open');
    this.#forgetEnded(now);
    if (this.#spent.size >= maxSpent) {
      throw new Refusal('unavailable', 'too many people are logging in', { retryAfterSeconds: ticketLifeMs / 1000 });
    }
    this.#spent.set(ticket, readEnd(Buffer.from(ticket, 'base64url')));
  }

  #authenticate(head: Uint8Array, { purpose, subject }: TicketUse): Buffer {
    return createHmac('sha256', this.#key)
      .update(head)
      .update(JSON.stringify([purpose, subject]))
      .digest();
  }

  #forgetEnded(now: number): void {
    for (const [ticket, end] of this.#spent) if (end <= now) this.#spent.delete(ticket);
  }
}

function decodeTicket(ticket: string): Buffer | undefined {
  return ticketPattern.test(ticket) ? Buffer.from(ticket, 'base64url') : undefined;
}

function readEnd(bytes: Buffer): number {
  return bytes.readUIntBE(nonceBytes, timeBytes);
}

// One process has a database to itself; its planes ask for proof that the accounts' routes have asked for.
const known = new WeakMap<Query, Tickets>();

/** The tickets of the process that has `database`: they end with it. */
export function ticketsOf({ query }: Pick<Database, 'query'>): Tickets {
  const tickets = known.get(query) ?? new Tickets();
  known.set(query, tickets);
  return tickets;
}
