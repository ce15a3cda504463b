/** All commands, in tables: what a run needs is loaded, since loading all takes longer than most commands do. */
import type { CommandSpec } from './command.ts';
import { createHelpCommands } from './commands/help.ts';
import { version } from './version.ts';

/** The commands of some first words. */
interface Table {
  readonly words: readonly string[];
  readonly load: () => Promise<{ readonly commands: readonly CommandSpec[] }>;
}

/** In the order of the reference. */
const tables: readonly Table[] = [
  { words: ['demo'], load: () => import('./demo/table.ts') },
  {
    words: ['init', 'serve', 'migrate', 'status', 'doctor', 'waiting', 'unlock', 'lock', 'vault', 'rescan', 'audit'],
    load: () => import('./commands/server/table.ts'),
  },
  {
    words: ['login', 'logout', 'user', 'factor', 'organisation', 'api-key', 'access'],
    load: () => import('./commands/account/table.ts'),
  },
  { words: ['root'], load: () => import('./commands/root/table.ts') },
  { words: ['trust'], load: () => import('./commands/trust/table.ts') },
  { words: ['log'], load: () => import('./commands/log/table.ts') },
  { words: ['key'], load: () => import('./commands/key/table.ts') },
  { words: ['project'], load: () => import('./commands/project/table.ts') },
  { words: ['publisher'], load: () => import('./commands/publisher/table.ts') },
  { words: ['release', 'ci', 'approve'], load: () => import('./commands/release/table.ts') },
  { words: ['collection', 'module', 'catalogue'], load: () => import('./commands/module/table.ts') },
  { words: ['wordpress'], load: () => import('./commands/wordpress/table.ts') },
  {
    words: ['sbom', 'vulnerabilities', 'policy', 'evidence', 'override', 'verify', 'inspect', 'fetch', 'trust-root'],
    load: () => import('./commands/evidence/table.ts'),
  },
  { words: ['check', 'download', 'mirror'], load: () => import('./commands/client/table.ts') },
  { words: ['backup', 'restore'], load: () => import('./commands/backup/table.ts') },
  { words: ['acme'], load: () => import('./commands/acme/table.ts') },
  { words: ['cert'], load: () => import('./commands/cert/table.ts') },
  { words: ['ca'], load: () => import('./commands/ca/table.ts') },
  { words: ['ca', 'timestamp'], load: () => import('./commands/timestamp/table.ts') },
  { words: ['tail', 'push'], load: () => import('./commands/push/table.ts') },
  { words: ['watch'], load: () => import('./commands/watch/table.ts') },
  { words: ['webhook'], load: () => import('./commands/webhook/table.ts') },
];

/** All commands: what reference and completions are made from. */
export async function loadAllCommands(): Promise<readonly CommandSpec[]> {
  return loadTables(tables);
}

/** The commands that `words`, given by a user, may name: all of them when the first one names none, or is an option. */
export async function loadCommands([first = '']: readonly string[]): Promise<readonly CommandSpec[]> {
  const named = tables.filter((table) => table.words.includes(first));
  return loadTables(named.length > 0 ? named : tables);
}

async function loadTables(chosen: readonly Table[]): Promise<readonly CommandSpec[]> {
  const loaded = await Promise.all(chosen.map(({ load }) => load()));
  return [...loaded.flatMap(({ commands }) => commands), ...createHelpCommands(loadAllCommands, version)];
}
