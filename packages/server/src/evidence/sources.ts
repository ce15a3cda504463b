/** What evidence is held against: trusted roots, and the table of builders. */
import { encodeText } from '@signpost/protocol/bytes/text';
import builders from '@signpost/protocol/data/builders.json' with { type: 'json' };
import type { NamedTrustedRoot } from '@signpost/protocol/policy/gather';
import { type BuilderTable, parseBuilderTable } from '@signpost/protocol/sigstore/builder-table';
import { parseTrustedRoot, type TrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import type { Database } from '../storage/database.ts';
import { listTrustDocuments } from './trust-roots/store.ts';

/** Reads what an organisation has at the moment. */
export interface EvidenceSources {
  readonly readTrustedRoots: (organisationId: string) => Promise<readonly NamedTrustedRoot[]>;
  readonly builders: BuilderTable;
}

/** Parsed roots that are kept; a root that changes is parsed anew. */
const maxKept = 256;

/** Opens the sources. Trusted roots are parsed once and kept by their digest: their chains are verified then. */
export function openEvidenceSources({
  database,
  now,
}: {
  readonly database: Database;
  readonly now: () => number;
}): EvidenceSources {
  const kept = new Map<string, Promise<TrustedRoot>>();
  const parseKept = (digest: string, document: string): Promise<TrustedRoot> => {
    const parsed = kept.get(digest) ?? parseTrustedRoot(encodeText(document));
    kept.delete(digest);
    kept.set(digest, parsed);
    const [oldest] = kept.keys();
    if (kept.size > maxKept && oldest !== undefined) kept.delete(oldest);
    return parsed;
  };
  return {
    readTrustedRoots: async (organisationId) => {
      const rows = await listTrustDocuments(database.query, organisationId, now());
      const roots = rows.map(async ({ name, digest, document }) => ({ name, root: await parseKept(digest, document) }));
      return Promise.all(roots);
    },
    builders: parseBuilderTable(builders),
  };
}
