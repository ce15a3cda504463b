/** How a trusted root stands, as a traffic light. */
import type { TrustRootHead } from './store.ts';

/** `red`: nothing in it may be relied on to be current; `yellow`: somebody should look. */
export interface Light {
  readonly light: 'green' | 'yellow' | 'red';
  readonly reason: LightReason;
  /** Unix milliseconds. */
  readonly since: number;
}

/** Why it shows what it shows. */
export type LightReason =
  | 'nothing-accepted'
  | 'expired'
  | 'authorities-ended'
  | 'refused'
  | 'unreachable'
  | 'root-ending'
  | 'authorities-ending'
  | 'current';

const dayMs = 86_400_000;
/** Those who sign a root meet a few times a year. */
const rootNoticeMs = 14 * dayMs;
const authoritiesNoticeMs = 30 * dayMs;

/** What the light shows at `at`: the worst first. */
export function lightOf(row: TrustRootHead, at: number): Light {
  const { digest, expires_at, root_expires_at, authorities_end_at, failures, failure_code } = row;
  if (digest === null) return { light: 'red', reason: 'nothing-accepted', since: row.created_at };
  if (isPast(expires_at, at)) return { light: 'red', reason: 'expired', since: expires_at };
  if (isPast(authorities_end_at, at)) {
    return { light: 'red', reason: 'authorities-ended', since: authorities_end_at };
  }
  if (failures > 0) {
    const reason = failure_code === 'fetch_failed' ? 'unreachable' : 'refused';
    return { light: 'yellow', reason, since: row.since };
  }
  if (isPast(root_expires_at, at + rootNoticeMs)) {
    return { light: 'yellow', reason: 'root-ending', since: root_expires_at - rootNoticeMs };
  }
  if (isPast(authorities_end_at, at + authoritiesNoticeMs)) {
    return { light: 'yellow', reason: 'authorities-ending', since: authorities_end_at - authoritiesNoticeMs };
  }
  return { light: 'green', reason: 'current', since: row.since };
}

function isPast(time: number | null, at: number): time is number {
  return time !== null && time <= at;
}
