/** What a refusal says, checked for the form that RFC 9457 gives it. */
import assert from 'node:assert/strict';
import type { Answer } from './planes-scene.ts';

/** Status and rule (or code, where there is no rule) of a problem document: `409 slug-taken`. */
export function problem(answer: Answer): string {
  assert.equal(answer.headers['content-type'], 'application/problem+json', String(answer.body));
  const { type, title, status, detail, code, rule } = answer.json;
  assert.equal(type, `urn:signpost:problem:${code}`);
  assert.equal(status, answer.status);
  assert.ok(title && detail);
  return `${status} ${rule ?? code}`;
}
