/** Where a release is in the transparency log, by the word of the answer that carries its manifest; its own page verifies it. */
import { TrustError } from '@signpost/protocol/errors';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { parseObject } from '@signpost/protocol/json/fields';
import { parseLogProof } from '@signpost/protocol/updates/verify-log';
import type { Client } from '../../api/client.ts';
import { Problem } from '../../api/problem.ts';

/** A release in service. */
interface ServedRelease {
  readonly slug: string;
  readonly channel: string;
  readonly version: string;
  readonly signal: AbortSignal;
}

/** The number of its entry; undefined while it has none, and where another version is served. */
export async function readLogIndex(
  client: Pick<Client, 'ask'>,
  { slug, channel, version, signal }: ServedRelease,
): Promise<number | undefined> {
  try {
    const path = { slug, channel };
    const answer = await client.ask('GET /api/projects/{slug}/channels/{channel}/manifest', { path, signal });
    const { manifest, log } = answer as SignableObject;
    const isServed = parseObject(manifest, 'manifest').version === version;
    return isServed && log !== undefined ? parseLogProof(log).index : undefined;
  } catch (error) {
    if (error instanceof TrustError || (error instanceof Problem && error.details.status === 404)) return undefined;
    throw error;
  }
}
