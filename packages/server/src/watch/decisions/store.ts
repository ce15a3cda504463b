/** SQL of signers, as people name them. */
import type { Query } from '../../storage/database.ts';

/** The identities that were seen to sign a source, as documents. */
export async function listSeenIdentities(query: Query, sourceId: string): Promise<string[]> {
  const rows = await query
    .selectFrom('watch_signer_use as usage')
    .innerJoin('watch_line as line', 'line.number', 'usage.line')
    .innerJoin('watch_signer as signer', 'signer.number', 'usage.signer')
    .select('signer.document')
    .distinct()
    .where('line.source_id', '=', sourceId)
    .where('signer.kind', '=', 'identity')
    .execute();
  return rows.map(({ document }) => document);
}
