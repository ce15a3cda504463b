/** `signpost push identity`, and the push keys that go into a trust list with a new key of the server. */
import type { CommandSpec } from '../../command.ts';
import { asObject, type JsonObject } from '../../http/answer.ts';
import { type Client, ServerRefusal } from '../../http/client.ts';
import { connect } from '../../http/connect.ts';
import { formatPairs, formatTable } from '../../terminal/table.ts';

/** `signpost push identity`. */
export const pushIdentity: CommandSpec = {
  words: 'push identity',
  summary: 'Show the key that vouches for the signed frames of the server, and whether the trust list names it',
  details: ['Until it does, nothing is sent: `signpost root add-push-key`, `root sign`, `trust import`.'],
  examples: ['signpost push identity', 'signpost push identity --json'],
  run: async (invocation) => {
    const document = await (await connect(invocation)).read('/api/push/identity');
    const rows = keysOf(document).map((key) => [key.key_id, key.pubkey_b64, key.label].map(String));
    return {
      document,
      lines: [
        ...formatPairs([['vouched for', document.vouched === true ? 'yes' : 'no']]),
        ...formatTable(['key_id', 'pubkey_b64', 'label'], rows),
      ],
    };
  },
};

/** What of a push key goes into a trust list. */
const recordNames = ['key_id', 'pubkey_b64', 'label'] as const;

/** The push keys of the server that a trust list should name; none where it has no push plane, or it is closed. */
export async function readPushKeys(client: Client): Promise<readonly JsonObject[]> {
  try {
    const keys = keysOf(await client.read('/api/push/identity'));
    return keys.map((key) => Object.fromEntries(recordNames.map((name) => [name, key[name] ?? ''])));
  } catch (error) {
    if (error instanceof ServerRefusal) return [];
    throw error;
  }
}

/** The key in force, and the one that waits for a list. */
function keysOf(document: JsonObject): readonly JsonObject[] {
  return [document.active, document.waiting].filter((key) => key !== null && key !== undefined).map(asObject);
}
