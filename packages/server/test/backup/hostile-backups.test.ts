/** Backups that are no honest ones: each is refused by name, and nothing changes. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { restoreBackup, verifyBackup } from '../../src/backup/offline.ts';
import { readChainEnd } from '../../src/backup/store.ts';
import { openDatabase } from '../../src/storage/database/open.ts';
import { type Parts, putTogether, takeApart, withMembers, withTable } from './forge.ts';
import { backUp, openFilledServer, openFolder } from './scene.ts';

const report = () => undefined;

/** Makes the forgery out of an honest backup. */
type Forge = (parts: Parts) => Promise<Buffer> | Buffer;

const whole = ({ members, manifest }: Parts) => putTogether(members, manifest);
const withExtra = (name: string) => (parts: Parts) =>
  whole(withMembers(parts, (members) => members.set(name, Buffer.from('x'))));
const withFacts =
  (facts: object) =>
  ({ members, manifest }: Parts) =>
    putTogether(members, { ...manifest, ...facts });
const blobOf = ({ members }: Parts) => [...members.keys()].find((name) => name.startsWith('blobs/')) ?? '';

const forgeries: readonly (readonly [what: string, rule: string, forge: Forge])[] = [
  ['a path that leads out of the folder', 'path-traversal', withExtra('../evil')],
  ['an absolute path', 'path-absolute', withExtra('/etc/cron.d/evil')],
  ['a name of a device', 'path-reserved-name', withExtra('tables/nul.jsonl')],
  ['a backslash', 'path-backslash', withExtra('..\\evil')],
  ['a member that no backup has', 'backup-members', withExtra('note.txt')],
  ['a folder', 'entry-type', withExtra('blobs/')],
  [
    'a member that the manifest does not list',
    'backup-members',
    ({ members, manifest }) =>
      putTogether(
        [...members, [`blobs/${'ab'.repeat(16).replace('ab', 'ab/')}${'ab'.repeat(16)}`, Buffer.from('x')]],
        manifest,
      ),
  ],
  ['a member too few', 'backup-members', ({ members, manifest }) => putTogether([...members].slice(1), manifest)],
  [
    'one name twice',
    'path-duplicate',
    ({ members, manifest }) => putTogether([...members, ...[...members].slice(0, 1)], manifest),
  ],
  ['names that differ in case', 'path-duplicate', withExtra('Settings.json')],
  [
    'a member listed twice',
    'backup-members',
    (parts) => withFacts({ members: [...parts.manifest.members, ...parts.manifest.members.slice(0, 1)] })(parts),
  ],
  ['a symbolic link', 'entry-symlink', async (parts) => patchMode(await whole(parts), 0o120777)],
  ['a device', 'entry-device', async (parts) => patchMode(await whole(parts), 0o060600)],
  [
    'more than it may unpack to',
    'archive-too-large',
    (parts) => whole(withMembers(parts, (members) => members.set('settings.json', randomBytes(3 * 1024 * 1024)))),
  ],
  [
    'padding as bombs have it',
    'archive-ratio',
    (parts) => whole(withMembers(parts, (members) => members.set('settings.json', Buffer.alloc(64 * 1024 * 1024)))),
  ],
  ['an end that is cut off', 'zip-end-record', async (parts) => (await whole(parts)).subarray(0, -30)],
  [
    'something before it',
    'zip-prepended-data',
    async (parts) => Buffer.concat([Buffer.from('#!/bin/sh\n'), await whole(parts)]),
  ],
  ['something behind it', 'zip-appended-data', async (parts) => Buffer.concat([await whole(parts), Buffer.from('x')])],
  ['no manifest', 'backup-manifest', ({ members }) => putTogether(members, undefined)],
  ['a manifest that is no JSON', 'backup-manifest', ({ members }) => putTogether(members, '{')],
  ['a manifest of a later format', 'backup-manifest', withFacts({ format_version: 2 })],
  ['a manifest that says more than we know', 'backup-manifest', withFacts({ run_after: 'curl evil' })],
  [
    'a size that is not the one',
    'backup-members',
    (parts) => withFacts({ members: parts.manifest.members.map((member) => ({ ...member, size_bytes: 1 })) })(parts),
  ],
  [
    'a digest that is not the one',
    'backup-digest',
    (parts) =>
      withFacts({
        members: parts.manifest.members.map((member) =>
          member.name === 'settings.json' ? { ...member, sha256: '0'.repeat(64) } : member,
        ),
      })(parts),
  ],
  [
    'a file under the digest of another',
    'backup-members',
    (parts) => whole(withMembers(parts, (members) => members.set(blobOf(parts), Buffer.from('malware')))),
  ],
  [
    'no file for a row that names it',
    'backup-facts',
    (parts) => whole(withMembers(parts, (members) => members.delete(blobOf(parts)))),
  ],
  [
    'a newer schema',
    'backup-newer-schema',
    (parts) => withFacts({ migrations: [...parts.manifest.migrations, '9999_later'] })(parts),
  ],
  [
    'a table too few',
    'backup-tables',
    (parts) => whole(withMembers(parts, (members) => members.delete('tables/api_key.jsonl'))),
  ],
  [
    'a table that is none of ours',
    'backup-tables',
    (parts) =>
      whole(withMembers(parts, (members) => members.set('tables/sqlite_master.jsonl', Buffer.from('["name"]\n')))),
  ],
  ['another column', 'backup-tables', (parts) => whole(withTable(parts, 'api_key', () => ['["id"]']))],
  [
    'a column that is no name',
    'backup-rows',
    (parts) => whole(withTable(parts, 'api_key', () => ['["id\\") values (1); --"]'])),
  ],
  [
    'a line that is no JSON',
    'backup-rows',
    (parts) => whole(withTable(parts, 'organisation', (lines) => [...lines, '{'])),
  ],
  [
    'a row that is too short',
    'backup-rows',
    (parts) => whole(withTable(parts, 'organisation', (lines) => [...lines, '["x"]'])),
  ],
  [
    'a value that no column has',
    'backup-rows',
    (parts) => whole(withTable(parts, 'organisation', (lines) => [...lines, '["x","x","x",null,1.5]'])),
  ],
  [
    'the same row twice',
    'backup-rows',
    (parts) => whole(withTable(parts, 'organisation', (lines) => [...lines, ...lines.slice(-1)])),
  ],
  [
    'a row that refers to nothing',
    'backup-rows',
    (parts) =>
      whole(
        withTable(parts, 'membership', (lines) => [
          ...lines,
          rowOf(lines, { organisation_id: 'nobody', person_id: 'nobody', role: 'admin', created_at: 1 }),
        ]),
      ),
  ],
  [
    'an audit row that was changed',
    'backup-facts',
    (parts) =>
      whole(
        withTable(parts, 'audit_event', (lines) =>
          lines.map((line) => line.replace('signing_key.created', 'signing_key.retired')),
        ),
      ),
  ],
  [
    'an audit row too few',
    'backup-facts',
    (parts) => whole(withTable(parts, 'audit_event', (lines) => lines.slice(0, -1))),
  ],
  ['another end of the audit chain', 'backup-facts', withFacts({ audit: { sequence: 1, hash: '0'.repeat(64) } })],
  ['another vault than it says', 'backup-facts', withFacts({ vault: '0'.repeat(64) })],
];

test('a backup with', async (t) => {
  const scene = await openFilledServer(t);
  const made = await backUp(scene, await openFolder(t));
  const honest = await takeApart(made.path);
  const bytes = await readFile(made.path);
  const folder = await openFolder(t);
  const environment = { SIGNPOST_DATA: join(folder, 'data'), SIGNPOST_RESTORE_MAX_UNPACKED_MB: '100' };
  await restoreBackup(environment, made.path, { opener: {}, otherVault: false, report });

  for (const [what, rule, forge] of forgeries) {
    await t.test(`${what} is refused: ${rule}`, async () => {
      const path = join(folder, 'forged.zip');
      await writeFile(path, await forge(honest));
      const state = await readState(environment);
      const limited =
        rule === 'archive-too-large' ? { ...environment, SIGNPOST_RESTORE_MAX_UNPACKED_MB: '1' } : environment;
      const order = { opener: {}, report };
      await assert.rejects(verifyBackup(limited, path, order), { code: 'upload_refused', rule });
      await assert.rejects(restoreBackup(limited, path, { ...order, otherVault: true }), {
        code: 'upload_refused',
        rule,
      });
      assert.deepEqual(await readState(environment), state);
    });
  }

  await t.test('one flipped bit anywhere is refused, or changes nothing that is restored', async () => {
    const path = join(folder, 'flipped.zip');
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(7), async (at, bit) => {
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        await writeFile(path, flipped);
        const outcome = await verifyBackup(environment, path, { opener: {}, report }).catch((error: unknown) => error);
        // Dates and the version that made an entry are of no consequence.
        if (outcome instanceof Error)
          assert.equal((outcome as { code?: string }).code, 'upload_refused', outcome.stack);
        else assert.deepEqual(outcome, honest.manifest);
      }),
      { numRuns: 60 },
    );
  });
});

/** A line of a table whose columns the first line names. */
function rowOf(lines: readonly string[], values: Readonly<Record<string, string | number>>): string {
  return JSON.stringify((JSON.parse(lines[0] ?? '[]') as string[]).map((column) => values[column] ?? null));
}

/** Gives the first entry of the central directory another mode (APPNOTE 4.4.15). */
function patchMode(archive: Buffer, mode: number): Buffer {
  const at = archive.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
  archive.writeUInt32LE((mode << 16) >>> 0, at + 38);
  return archive;
}

/** What must not change: the end of the chain, the files, and that nothing is left lying about. */
async function readState({ SIGNPOST_DATA: dataDir = '' }: Record<string, string>): Promise<unknown> {
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: false });
  const end = await readChainEnd(database.query);
  await database.close();
  return {
    end,
    files: await readdir(join(dataDir, 'blobs'), { recursive: true }),
    left: await readdir(join(dataDir, 'restore')),
  };
}
