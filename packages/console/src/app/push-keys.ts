/** The push keys of the server that a trust list should name. */
import type { Client } from '../api/client.ts';
import { Problem, type ProblemDetails } from '../api/problem.ts';

/** What the server says of them. */
export interface PushKeys {
  /** The one in force and the one that waits for a list, in base64. */
  readonly named: readonly string[];
  /** Why it names none, as while its vault is locked: what else a page shows does not depend on them. */
  readonly problem: ProblemDetails | undefined;
}

/** Asks for them. Throws `Problem` when no answer came. */
export async function readPushKeys(client: Pick<Client, 'ask'>, signal: AbortSignal): Promise<PushKeys> {
  try {
    const { active, waiting } = await client.ask('GET /api/push/identity', { signal });
    return { named: [active, waiting].flatMap((key) => (key ? [key.pubkey_b64] : [])), problem: undefined };
  } catch (error) {
    if (error instanceof Problem && error.details.status !== 0) return { named: [], problem: error.details };
    throw error;
  }
}
