/** What a project asks of the pre-flight: the PHP that it must parse with, and what each tool may keep from being deployed. */
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import type { PhpVersion } from '../../config-values.ts';
import type { Database, Query } from '../../storage/database.ts';
import { requirePlugin } from '../credentials/credential.ts';
import { findSettings, replaceSettings } from './store.ts';
import {
  defaultGate,
  type Gate,
  type PreflightConfig,
  type PreflightSettings,
  type ToolName,
  toolNames,
} from './tools.ts';

/** What is said for a project; the rest has its default. */
export interface SettingsWish {
  readonly phpVersion: PhpVersion | null;
  readonly gates: Readonly<Partial<Record<ToolName, Gate | undefined>>>;
}

/** What was said for the project. */
export async function readWish(query: Query, projectId: string): Promise<SettingsWish> {
  const row = await findSettings(query, projectId);
  if (!row) return { phpVersion: null, gates: {} };
  return { phpVersion: row.php_version as PhpVersion | null, gates: JSON.parse(row.gates) };
}

/** The settings of the project, with the defaults that this server has. */
export async function readSettings(
  query: Query,
  config: PreflightConfig,
  projectId: string,
): Promise<PreflightSettings> {
  return fillIn(config, await readWish(query, projectId));
}

/** A wish with the defaults that this server has. */
export function fillIn(config: PreflightConfig, { phpVersion, gates }: SettingsWish): PreflightSettings {
  const filled = toolNames.map((tool) => [tool, gates[tool] ?? defaultGate(config, tool)]);
  return {
    phpVersion: phpVersion ?? config.phpTarget,
    gates: Object.fromEntries(filled) as PreflightSettings['gates'],
  };
}

/** Sets what the project asks for, whole. */
export async function changeSettings(
  { database, now }: { readonly database: Database; readonly now: () => number },
  caller: Caller,
  { slug, wish }: { readonly slug: string; readonly wish: SettingsWish },
): Promise<void> {
  const at = now();
  await database.transaction(async (tx) => {
    const project = await requirePlugin(tx, caller.organisationId, slug);
    const gates = JSON.stringify(wish.gates);
    await replaceSettings(tx, { project_id: project.id, php_version: wish.phpVersion, gates, changed_at: at });
    await recordAudit(tx, at, {
      ...caller,
      action: 'wordpress.preflight_settings',
      object: { kind: 'project', id: slug },
      detail: { php_version: wish.phpVersion ?? 'default', gates },
    });
  });
}
