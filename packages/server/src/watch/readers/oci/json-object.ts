/** JSON of registries (RFC 8259), read by the engine: a strict reader would hold the server up for a second over some megabytes. */
import { parseText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import type { JsonObject } from '@signpost/protocol/json/foreign';

/** The object in `bytes`; of two members of one name the last counts, as for other clients. `undefined`: it is none. Read it with `readMember`. */
export function parseJsonObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(parseText(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TrustError) return undefined;
    throw error;
  }
}
