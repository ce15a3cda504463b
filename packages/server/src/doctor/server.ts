/** The doctor on the server itself: vault, audit log, database and address. */
import { verifyAuditChain } from '../audit/store.ts';
import type { DoctorDependencies, Finding } from './finding.ts';
import { readDurability } from './store.ts';

/** A vault that is locked or absent. */
export function examineVault({ vault }: DoctorDependencies): Finding[] {
  if (vault.state === 'unlocked') return [];
  const hint = vault.state === 'locked' ? 'signpost unlock' : 'signpost init';
  return [
    {
      level: 'error',
      code: `vault-${vault.state}`,
      message: `the vault is ${vault.state}: nothing can be signed and nobody can log in`,
      hint,
    },
  ];
}

/** An audit log that was changed. */
export async function examineAudit({ database }: DoctorDependencies): Promise<Finding[]> {
  return verifyAuditChain(database).then(
    () => [],
    (error: unknown) => [
      {
        level: 'error',
        code: 'audit-broken',
        message: error instanceof Error ? error.message : 'the audit chain is broken',
        hint: 'somebody changed the audit log: compare with an export or backup',
      },
    ],
  );
}

/** Settings of PostgreSQL under which it acknowledges what a crash can lose. SQLite is opened with the right ones. */
export async function examineDurability({ database }: DoctorDependencies): Promise<Finding[]> {
  if (database.engine === 'sqlite') return [];
  const settings = await readDurability(database.query);
  return settings
    .filter(({ setting }) => setting === 'off')
    .map(({ name }) => ({
      level: 'warning',
      code: `postgres-${name.replaceAll('_', '-')}`,
      message: `PostgreSQL runs with ${name} = off: ${losses[name] ?? 'a crash can lose what was acknowledged'}`,
      hint: `set ${name} = on in postgresql.conf, or for the database or role if it was set there, and reload`,
    }));
}

const losses: Readonly<Record<string, string>> = {
  synchronous_commit: 'a crash of the database loses the last moments of what was acknowledged',
  fsync: 'a crash of the machine can damage the whole database',
  full_page_writes: 'a crash of the machine can leave half-written pages',
};

/** Clients that come without HTTPS. */
export function examineAddress({ config }: DoctorDependencies): Finding[] {
  const loopback = ['127.0.0.1', '::1', 'localhost'].includes(config.listen.host);
  if (config.tls || config.baseUrl?.startsWith('https:') || (config.baseUrl === undefined && loopback)) return [];
  return [
    {
      level: 'warning',
      code: 'no-https',
      message: 'clients do not reach this server over HTTPS: log-ins and API keys travel in the clear',
      hint: 'set SIGNPOST_TLS_CERT and SIGNPOST_TLS_KEY, or SIGNPOST_BASE_URL to the https:// address of a proxy in front',
    },
  ];
}
