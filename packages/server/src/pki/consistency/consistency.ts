/** Holds what the database says of certificates, keys and lists against what was signed. */
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import type { Database } from '../../storage/database.ts';
import { checkCertificates } from './certificates.ts';
import type { Check, ConsistencyParts, Finding } from './finding.ts';
import { checkKeysBesides } from './keys-besides.ts';
import { checkLists } from './lists.ts';

/** What a check found. */
export interface ConsistencyReport {
  /** Certificates. */
  readonly checked: number;
  readonly found: number;
  /** The first 1,000. */
  readonly findings: readonly Finding[];
}

const maxFindings = 1000;
const running = new WeakSet<Database>();

/**
 * Checks certificates, keys and lists of the caller's organisation. With `repair` it writes again, each with its audit row, what a signature
 * proves: derived columns, revocations that a published list holds; and takes away what is proven to be of no use and made anew by itself.
 * Throws `vault_locked`, and `conflict` while another check runs.
 */
export async function checkConsistency(
  parts: ConsistencyParts,
  caller: Caller,
  { repair }: { readonly repair: boolean },
): Promise<ConsistencyReport> {
  // Without its keys half of the check would be missing.
  void parts.vault.lifetime;
  if (running.has(parts.database)) throw new Refusal('conflict', 'a check is under way', { rule: 'check-running' });
  running.add(parts.database);
  try {
    return await checkAll({ parts, caller, repair, issuers: new Map() });
  } finally {
    running.delete(parts.database);
  }
}

async function checkAll(check: Check): Promise<ConsistencyReport> {
  const findings: Finding[] = [];
  let found = 0;
  const tell = (some: readonly Finding[]) => {
    found += some.length;
    findings.push(...some.slice(0, maxFindings - findings.length));
  };
  const checked = await checkCertificates(check, tell);
  await checkKeysBesides(check, tell);
  await checkLists(check, tell);
  return { checked, found, findings };
}
