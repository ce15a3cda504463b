/** What the tests of refusals ask of an error. */
import assert from 'node:assert/strict';
import { TrustError, type TrustErrorCode } from '@signpost/protocol/errors';

/** Whether an error is a refusal with this code, and its message like this. */
export function refuses(code: TrustErrorCode, text?: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof TrustError, error instanceof Error ? error.stack : String(error));
    assert.equal(error.code, code, error.message);
    if (text) assert.match(error.message, text);
    return true;
  };
}
