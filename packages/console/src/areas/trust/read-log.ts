/** Which transparency log counts: the one that the trust list names, verified here, or else the one that the server says it keeps. */
import { parsePinnedLog } from '@signpost/protocol/client/check-log';
import { encodeCanonical, type SignableValue } from '@signpost/protocol/json/canonical';
import type { TrustedLog } from '@signpost/protocol/updates/trust-list';
import { verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { Client } from '../../api/client.ts';
import { readRoots } from './check-list.ts';

/**
 * The log of this server. `named`: the trust list in force names it. `unnamed`: it names none. `other`: it names another one, so that clients
 * refuse what this server logs. `own` is undefined while the server keeps none.
 */
export interface LogStanding {
  readonly own: TrustedLog | undefined;
  readonly named: TrustedLog | undefined;
  readonly standing: 'named' | 'unnamed' | 'other';
}

/** Asks for the log and for what the trust list says of it. Throws TrustError for a trust list that does not verify. */
export async function readLogStanding(client: Pick<Client, 'ask'>, signal: AbortSignal): Promise<LogStanding> {
  const [{ log }, named] = await Promise.all([
    client.ask('GET /api/signing/pubkey', { signal }),
    readNamedLog(client, signal),
  ]);
  const own = log ? await parsePinnedLog(log.verifier_key) : undefined;
  if (!named) return { own, named, standing: 'unnamed' };
  const isSame = own?.origin === named.origin && own.key.keyId === named.key.keyId;
  return { own, named, standing: isSame ? 'named' : 'other' };
}

async function readNamedLog(client: Pick<Client, 'ask'>, signal: AbortSignal): Promise<TrustedLog | undefined> {
  const status = await client.ask('GET /api/trust', { signal });
  if (status.version === null) return undefined;
  const document = await client.ask('GET /api/signing/trust', { signal });
  const { log } = await verifyTrustList(encodeCanonical(document as SignableValue), { roots: await readRoots(status) });
  return log;
}
