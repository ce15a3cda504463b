/** Four attacks by whoever sits between server and client, or on the server: each must be refused by the client. */

import { createUpdater, type Updater, type UpdaterOptions } from '@signpost/protocol/client/updater';
import { TrustError } from '@signpost/protocol/errors';
import type { Check } from './checks.ts';

/** What an attacker has recorded of honest answers: all of it was signed by keys that were right at that time. */
export interface Recording {
  /** A trust list that a newer one has replaced. */
  readonly trust: string;
  /** A manifest by a key that has been revoked since. */
  readonly revokedManifest: string;
  /** A manifest, by the key in force, of an older release. */
  readonly olderManifest: string;
}

/** What is attacked, and with what. */
export interface AttackPlan {
  readonly project: string;
  readonly manifestPath: string;
  readonly trustPath: string;
  readonly recording: Recording;
}

/** Answers a request in place of the server; `honest` is what the server would have said. */
type Tamper = (path: string, honest: () => Promise<Response>) => Promise<Response>;

/** Runs each attack against a client that has just updated honestly, with its memory. */
export async function runAttacks(client: UpdaterOptions, plan: AttackPlan): Promise<readonly Check[]> {
  const { project, manifestPath, trustPath, recording } = plan;
  const check = (tamper: Tamper) => attack(client, tamper).checkForUpdate({ project });
  const replace =
    (path: string, body: string): Tamper =>
    (asked, honest) =>
      asked === path ? Promise.resolve(new Response(body)) : honest();
  return [
    await expectRefusal('a flipped byte in the download', 'digest_mismatch', () =>
      download(attack(client, flipByte), project),
    ),
    await expectRefusal('an older manifest (rollback)', 'manifest_replayed', () =>
      check(replace(manifestPath, recording.olderManifest)),
    ),
    await expectRefusal('a manifest by a revoked key', 'key_revoked', () =>
      check(replace(manifestPath, recording.revokedManifest)),
    ),
    await expectRefusal('a trust list with a lower version', 'trust_replayed', () =>
      check(replace(trustPath, recording.trust)),
    ),
  ];
}

async function download(updater: Updater, project: string): Promise<void> {
  const update = await updater.checkForUpdate({ project });
  if (update.kind === 'none') throw new Error('expected a release to attack');
  await updater.download(update.manifest.main, {
    write: () => undefined,
    commit: () => undefined,
    abort: () => undefined,
  });
}

function attack(client: UpdaterOptions, tamper: Tamper): Updater {
  return createUpdater({
    ...client,
    fetch: (url, init) => tamper(new URL(url).pathname, () => client.fetch(url, init)),
  });
}

/** Changes one bit in the middle of every file, and nothing in metadata. */
async function flipByte(path: string, honest: () => Promise<Response>): Promise<Response> {
  const response = await honest();
  if (path.startsWith('/api/')) return response;
  const bytes = new Uint8Array(await response.arrayBuffer());
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  return new Response(bytes, { status: response.status, headers: response.headers });
}

async function expectRefusal(name: string, code: string, run: () => Promise<unknown>): Promise<Check> {
  try {
    await run();
  } catch (error) {
    if (error instanceof TrustError && error.code === code) return { name, result: 'refused', detail: error.message };
    return {
      name,
      result: 'failed',
      detail: `expected ${code}, got ${error instanceof Error ? error.message : 'another error'}`,
    };
  }
  return { name, result: 'failed', detail: 'the client accepted it' };
}
