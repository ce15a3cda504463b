/** How much is asked of each host: a token bucket (so many requests a second), and silence where Retry-After asks for it (RFC 9110, 10.2.3). */
import type { Ask } from '../readers/ask.ts';

/** Requests at once after a rest. */
const burst = 20;
/** Hosts that are remembered; one that rested has nothing to remember. */
const maxHosts = 10_000;
/** A host that says 429 and not for how long. */
const usualSilenceMs = 60_000;
const longestSilenceMs = 24 * 3_600_000;

/** What budgets are kept with. */
export interface BudgetParts {
  /** Unix ms. */
  readonly now: () => number;
  /** Requests a second and host. */
  readonly perSecond: number;
  /** Resolves after `ms`; rejects with the reason of the signal. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

interface Bucket {
  tokens: number;
  filledAt: number;
  silentUntil: number;
}

/** `ask` within the budget of each host. Where a host asked for silence nothing is sent, and the answer says for how long. */
export function keepBudgets(ask: Ask, { now, perSecond, wait }: BudgetParts): Ask {
  const buckets = new Map<string, Bucket>();
  return async (question) => {
    const { host } = new URL(question.url);
    const bucket = openBucket(buckets, host, now());
    const silentMs = bucket.silentUntil - now();
    if (silentMs > 0) {
      return { kind: 'unknown', reason: `${host} asked not to be asked for a while`, retryAfterMs: silentMs };
    }
    await wait(takeToken(bucket, now(), perSecond), question.signal);
    const answer = await ask(question);
    if (answer.kind === 'unknown') noteSilence(bucket, answer, now());
    return answer;
  };
}

function openBucket(buckets: Map<string, Bucket>, host: string, now: number): Bucket {
  const known = buckets.get(host);
  if (known) return known;
  if (buckets.size >= maxHosts) forgetRested(buckets, now);
  const bucket = { tokens: burst, filledAt: now, silentUntil: 0 };
  buckets.set(host, bucket);
  return bucket;
}

function forgetRested(buckets: Map<string, Bucket>, now: number): void {
  for (const [host, { filledAt, silentUntil }] of buckets) {
    if (silentUntil <= now && now - filledAt > usualSilenceMs) buckets.delete(host);
  }
}

/** Takes a token, on credit if need be, and returns how long to wait for it in ms. */
function takeToken(bucket: Bucket, now: number, perSecond: number): number {
  // A clock that was set back gives nothing.
  const restedMs = Math.max(0, now - bucket.filledAt);
  bucket.tokens = Math.min(burst, bucket.tokens + (restedMs * perSecond) / 1000) - 1;
  bucket.filledAt = now;
  return bucket.tokens >= 0 ? 0 : Math.ceil((-bucket.tokens * 1000) / perSecond);
}

function noteSilence(
  bucket: Bucket,
  { status, retryAfterMs }: { readonly status?: number | undefined; readonly retryAfterMs?: number | undefined },
  now: number,
): void {
  const silenceMs = retryAfterMs ?? (status === 429 ? usualSilenceMs : 0);
  bucket.silentUntil = Math.max(bucket.silentUntil, now + Math.min(silenceMs, longestSilenceMs));
}
