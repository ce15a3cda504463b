/** Times as they travel: RFC 3339 in UTC (the profile of docs/protocol/canonical-json.md). */

/** `time` (Unix milliseconds) as `2026-11-21T10:00:00Z`; milliseconds appear only when there are some. */
export function encodeTime(time: number): string {
  return new Date(time).toISOString().replace('.000Z', 'Z');
}
