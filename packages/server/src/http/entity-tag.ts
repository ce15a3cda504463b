/** Entity tags (RFC 9110, 8.8.3) in conditional requests. */

/** Whether an If-None-Match header names `etag` (weak comparison: RFC 9110, 13.1.2). */
export function isMatch(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === etag);
}
