/**
 * A recording of tuf-conformance (../../docs/protocol/tuf.md): every verdict as recorded, and after each step the same metadata kept.
 * @see https://github.com/theupdateframework/tuf-conformance
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { TrustError } from '@signpost/protocol/errors';
import { refreshRepository, type TufClientOptions } from '@signpost/protocol/tuf/client';
import { findMissingData, findSuite } from './suites.ts';

interface Step {
  readonly test: string;
  readonly dir: string;
  readonly cmd: 'init' | 'refresh' | 'download';
  readonly now: number;
  readonly names: readonly string[];
  readonly http: readonly (readonly [path: string, status: number, blob: string | null])[];
  readonly root?: string;
  readonly rc: 0 | 1;
  readonly after: Readonly<Record<string, { readonly v?: number; readonly sha: string }>>;
  readonly targets?: readonly string[];
}

/** What one client has: its folder, so to say. */
interface Client {
  readonly pinnedRoot: Uint8Array<ArrayBuffer>;
  readonly metadata: Map<string, Uint8Array<ArrayBuffer>>;
  readonly artifacts: Map<string, Uint8Array<ArrayBuffer>>;
}

/** How often each code refuses. */
const expectedRefusals = {
  target_unknown: 21,
  malformed: 3,
  bad_signature: 26,
  metadata_mismatch: 3,
  fetch_failed: 5,
  digest_mismatch: 2,
  metadata_expired: 5,
  too_large: 1,
  algorithm_unsupported: 1,
  metadata_replayed: 6,
};

const folder = findSuite('tuf');
const skip = findMissingData(folder, 'tuf');

test('every sequence of tuf-conformance ends as recorded', { skip }, async (context) => {
  const lines = (await readFile(join(folder, 'log.jsonl'), 'utf8')).trim().split('\n');
  const clients = new Map<string, Client>();
  const refusals: Record<string, number> = {};
  let verdicts = 0;
  for (const line of lines) {
    const step = JSON.parse(line) as Step;
    if (step.cmd === 'init') {
      clients.set(step.dir, await createClient(step));
      continue;
    }
    const client = clients.get(step.dir);
    assert.ok(client);
    const verdict = await decide(client, step);
    verdicts++;
    assert.equal(verdict === 'accepted', step.rc === 0, `${step.test}: ${verdict}`);
    if (verdict !== 'accepted') refusals[verdict] = (refusals[verdict] ?? 0) + 1;
    assertKept(client, step);
  }
  assert.equal(lines.length - verdicts, 110);
  assert.equal(verdicts, 175);
  assert.deepEqual(refusals, expectedRefusals);
  context.diagnostic('110 sequences, 175 verdicts as recorded');
});

async function createClient({ root }: Step): Promise<Client> {
  const pinnedRoot = await readBlob(root ?? null);
  return { pinnedRoot, metadata: new Map([['root', pinnedRoot]]), artifacts: new Map() };
}

/** `accepted`, or the code of the refusal. */
async function decide(client: Client, step: Step): Promise<string> {
  try {
    const trusted = await refreshRepository(createOptions(client, step));
    for (const name of step.names) await trusted.fetchTarget(name);
    return 'accepted';
  } catch (error) {
    if (error instanceof TrustError) return error.code;
    throw error;
  }
}

function createOptions({ pinnedRoot, metadata, artifacts }: Client, { now, http, test: name }: Step): TufClientOptions {
  const answers = new Map(http.map((answer) => [answer[0], answer]));
  return {
    pinnedRoot,
    now: () => now,
    repository: {
      metadataUrl: '/m',
      targetsUrl: '/t',
      fetch: async (url) => {
        const [, status, blob] = answers.get(url) ?? assert.fail(`${name}: ${url} was not asked for by others`);
        if (status === 404) return undefined;
        if (status !== 200) throw new TrustError('fetch_failed', 'the connection was closed');
        return readBlob(blob);
      },
    },
    store: {
      read: async (role) => metadata.get(role),
      write: async (changes) => {
        for (const { name: role, bytes } of changes) bytes ? metadata.set(role, bytes) : metadata.delete(role);
      },
    },
    cache: {
      read: async (path) => artifacts.get(path),
      write: async (path, bytes) => void artifacts.set(path, bytes),
    },
  };
}

function assertKept({ metadata, artifacts }: Client, { after, targets, test: name }: Step): void {
  const kept = Object.fromEntries([...metadata].map(([role, bytes]) => [role, sha256(bytes)]));
  const expected = Object.fromEntries(Object.entries(after).map(([role, { sha }]) => [role, sha]));
  assert.deepEqual(kept, expected, name);
  if (targets) assert.deepEqual([...artifacts.values()].map(sha256).sort(), [...targets].sort(), name);
}

async function readBlob(name: string | null): Promise<Uint8Array<ArrayBuffer>> {
  assert.ok(name);
  return new Uint8Array(await readFile(join(folder, 'blobs', name)));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
