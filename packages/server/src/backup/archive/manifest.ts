/** What a backup says of itself: its last member, `manifest.json`, with the SHA-256 and size of every other one. */
import { z } from 'zod';
import { Refusal } from '../../errors.ts';

/** Where the manifest stands. */
export const manifestName = 'manifest.json';

/** Where the settings stand. */
export const settingsName = 'settings.json';

/** The most members of a backup: their directory must stay within what the reader takes. */
export const maxMembers = 200_000;

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);
const countSchema = z.int().min(0);

const memberSchema = z.strictObject({
  name: z.string().max(200),
  sha256: sha256Schema,
  size_bytes: countSchema,
});

const manifestSchema = z.strictObject({
  format: z.literal('signpost-backup'),
  format_version: z.literal(1),
  made_at: z.iso.datetime(),
  /** The version of the server, and the engine that the rows were read from. */
  server_version: z.string().max(64),
  engine: z.enum(['sqlite', 'postgres']),
  /** The schema of the rows. */
  migrations: z.array(z.string().max(100)).min(1).max(1000),
  /** The fingerprint of the vault's data key: equal for the same vault, and tells nothing of it. */
  vault: sha256Schema.nullable(),
  /** The end of the audit chain in the rows. */
  audit: z.strictObject({ sequence: countSchema, hash: sha256Schema }),
  rows: countSchema,
  blobs: countSchema,
  unpacked_bytes: countSchema,
  members: z.array(memberSchema).max(maxMembers),
});

/** The manifest, parsed. */
export type Manifest = z.infer<typeof manifestSchema>;

/** A member as the manifest lists it. */
export type ManifestMember = z.infer<typeof memberSchema>;

/** Reads a manifest. Throws `upload_refused`, rule `backup-manifest`. */
export function parseManifest(bytes: Uint8Array): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw new Refusal('upload_refused', 'expected the manifest of a Signpost backup, format version 1', {
      rule: 'backup-manifest',
      hint: 'the file is no backup of Signpost, or of a newer version',
      cause,
    });
  }
}

/** What a member holds, by its name alone; undefined for a name that no backup has. */
export function parseMemberName(
  name: string,
): { kind: 'table'; table: string } | { kind: 'blob'; sha256: string } | { kind: 'settings' } | undefined {
  if (name === settingsName) return { kind: 'settings' };
  const [, table] = /^tables\/([a-z][a-z0-9_]{0,62})\.jsonl$/.exec(name) ?? [];
  if (table !== undefined) return { kind: 'table', table };
  const [, shard, rest] = /^blobs\/([0-9a-f]{2})\/([0-9a-f]{62})$/.exec(name) ?? [];
  return shard === undefined || rest === undefined ? undefined : { kind: 'blob', sha256: shard + rest };
}

/** The name of a table's member. */
export function tableMemberName(table: string): string {
  return `tables/${table}.jsonl`;
}

/** The name of a blob's member. */
export function blobMemberName(sha256: string): string {
  return `blobs/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
}
