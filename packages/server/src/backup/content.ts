/** What a backup must know of the rows that it carries: the vault, the end of the audit chain, the files they name. */
import { createHash } from 'node:crypto';
import type { AuditHead } from '../audit/chain.ts';
import { Refusal } from '../errors.ts';
import { blobTables } from '../storage/blob-tables.ts';
import type { PortableContent, PortableValue } from '../storage/portable/portable.ts';

/** Tables by name. */
export type Tables = ReadonlyMap<string, PortableContent>;

/** What a vault's row is known by. */
export type VaultRow = Readonly<Record<'salt' | 'parameters' | 'verifier' | 'key_fingerprint', PortableValue>>;

/** The names that the vault goes by: that of its data key, and before it had one, that of its row under one password. */
export function listFingerprints({ salt, parameters, verifier, key_fingerprint }: VaultRow): readonly string[] {
  const ofRow = createHash('sha256')
    .update(JSON.stringify([salt, parameters, verifier]))
    .digest('hex');
  return typeof key_fingerprint === 'string' ? [key_fingerprint, ofRow] : [ofRow];
}

/** The fingerprint of the vault in the rows; null without one. */
export async function readVaultFingerprint(tables: Tables): Promise<string | null> {
  for await (const row of readTable(tables, 'vault_state')) {
    const { salt = null, parameters = null, verifier = null, key_fingerprint = null } = row;
    const [fingerprint = null] = listFingerprints({ salt, parameters, verifier, key_fingerprint });
    return fingerprint;
  }
  return null;
}

/** The end of the chain. Throws `upload_refused` when the rows have none. */
export async function readAuditHead(tables: Tables): Promise<AuditHead> {
  for await (const { sequence, hash } of readTable(tables, 'audit_head')) {
    if (typeof sequence === 'number' && typeof hash === 'string') return { sequence, hash };
  }
  throw new Refusal('upload_refused', 'expected the end of the audit chain among the rows', { rule: 'backup-rows' });
}

/** The sizes of the blobs that rows name, by SHA-256. */
export async function readBlobReferences(tables: Tables): Promise<Map<string, number>> {
  const references = new Map<string, number>();
  for (const table of blobTables) {
    for await (const { sha256, size_bytes: size } of readTable(tables, table)) {
      if (sha256 !== null) references.set(String(sha256), Number(size));
    }
  }
  return references;
}

async function* readTable(tables: Tables, name: string): AsyncGenerator<Readonly<Record<string, PortableValue>>> {
  const table = tables.get(name);
  if (!table) return;
  for await (const row of table.rows()) {
    yield Object.fromEntries(table.columns.map((column, index) => [column, row[index] ?? null]));
  }
}
