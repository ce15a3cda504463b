/** Who commits for a plugin: a user name, and a password that is sealed in the vault and never shown again. */
import type { AuditAction } from '../../audit/actions.ts';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import type { Config } from '../../config.ts';
import { Refusal } from '../../errors.ts';
import { requireProject } from '../../releases/projects/project.ts';
import type { ProjectRow } from '../../releases/projects/store.ts';
import type { Database, Query } from '../../storage/database.ts';
import { readVaultRecord } from '../../vault/store.ts';
import type { Vault } from '../../vault/vault.ts';
import { findInFlight } from '../deploy/store.ts';
import { assertStillListed, defaultRepository, parseRepository } from './repository-url.ts';
import { type CredentialRow, deleteCredential, findCredential, replaceCredential } from './store.ts';

/** What credentials are kept with. */
export interface CredentialParts {
  readonly database: Database;
  readonly vault: Vault;
  readonly now: () => number;
  readonly config: Pick<Config, 'wordpressHosts'>;
}

/** What somebody enters. */
export interface CredentialWish {
  readonly username: string;
  readonly password: string;
  /** That of the directory when nothing is said. */
  readonly repository: string | undefined;
}

/** What is told of a credential. `locked`: it was sealed before the master password was reset, and must be entered again. */
export type CredentialState =
  | { readonly state: 'absent' }
  | ({ readonly state: 'ready' | 'locked' } & Pick<CredentialRow, 'username' | 'repository' | 'set_at'>);

/** What opens a repository. */
export interface RepositoryAccess {
  readonly repository: string;
  readonly username: string;
  readonly password: string;
}

const purpose = 'wordpress-password';
const referenceOf = (projectId: string) => `wordpress_credential/${projectId}`;

/** Sets user and password of a plugin. Throws as `parseRepository` does, `vault_locked`, and `invalid` for what Subversion cannot be told. */
export async function setCredential(
  { database, vault, now, config }: CredentialParts,
  caller: Caller,
  { slug, wish }: { slug: string; wish: CredentialWish },
): Promise<CredentialState> {
  const repository = parseRepository(wish.repository ?? defaultRepository(slug), config.wordpressHosts);
  assertLine(wish.username);
  assertLine(wish.password);
  if (wish.username.startsWith('-')) throw malformed('a user name that does not begin with a hyphen');
  const at = now();
  return database.transaction(async (tx) => {
    const project = await requirePlugin(tx, caller.organisationId, slug);
    const deploy = await findInFlight(tx, project.id);
    if (deploy && deploy.repository !== repository) throw busy();
    const row: CredentialRow = {
      ...{ project_id: project.id, repository, username: wish.username, set_at: at },
      sealed_password: vault.seal(purpose, referenceOf(project.id), new TextEncoder().encode(wish.password)),
      vault_fingerprint: await requireFingerprint(tx),
    };
    await replaceCredential(tx, row);
    await recordCredentialAct(tx, caller, { at, action: 'wordpress.credentials_set', slug, repository });
    return { state: 'ready', username: row.username, repository, set_at: at };
  });
}

/** Forgets user and password. Throws `not_found` when there are none. */
export async function clearCredential(
  { database, now }: Pick<CredentialParts, 'database' | 'now'>,
  caller: Caller,
  slug: string,
): Promise<void> {
  await database.transaction(async (tx) => {
    const project = await requirePlugin(tx, caller.organisationId, slug);
    if (await findInFlight(tx, project.id)) throw busy();
    const row = await findCredential(tx, project.id);
    if (!row || !(await deleteCredential(tx, project.id))) {
      throw new Refusal('not_found', 'the project has no credentials', { hint: 'signpost wordpress credentials set' });
    }
    const { repository } = row;
    await recordCredentialAct(tx, caller, { at: now(), action: 'wordpress.credentials_cleared', slug, repository });
  });
}

/** Where a commit may have gone, somebody must be able to ask. */
function busy(): Refusal {
  return new Refusal('conflict', 'a deploy to the repository is in flight', {
    rule: 'deploy-in-flight',
    hint: 'signpost wordpress status, then confirm or cancel it',
  });
}

/** What is known of a project's credential, whether the vault is open or not. */
export async function describeCredential(query: Query, projectId: string): Promise<CredentialState> {
  const row = await findCredential(query, projectId);
  if (!row) return { state: 'absent' };
  const isReadable = row.vault_fingerprint === (await readVaultRecord(query))?.key_fingerprint;
  const { username, repository, set_at } = row;
  return { state: isReadable ? 'ready' : 'locked', username, repository, set_at };
}

/** Opens the credential. Throws `conflict` when there is none, it must be entered again or its host is listed no more, `vault_locked`. */
export async function openCredential(
  { database, vault, config }: Pick<CredentialParts, 'database' | 'vault' | 'config'>,
  projectId: string,
): Promise<RepositoryAccess> {
  const state = await describeCredential(database.query, projectId);
  const row = await findCredential(database.query, projectId);
  if (!row || state.state !== 'ready') {
    throw new Refusal(
      'conflict',
      `expected the credentials of the plugin, got ${state.state === 'locked' ? 'some that no vault opens any more' : 'none'}`,
      {
        rule: `credentials-${state.state}`,
        hint: 'signpost wordpress credentials set',
      },
    );
  }
  assertStillListed(row.repository, config.wordpressHosts);
  const password = new TextDecoder().decode(vault.unseal(purpose, referenceOf(projectId), row.sealed_password));
  return { repository: row.repository, username: row.username, password };
}

/** The project, when it is a plugin. Throws `not_found`, or `conflict` for one of another kind. */
export async function requirePlugin(query: Query, organisationId: string, slug: string): Promise<ProjectRow> {
  const project = await requireProject(query, organisationId, slug);
  if (project.kind === 'wordpress_plugin') return project;
  throw new Refusal('conflict', 'expected a project of the kind wordpress_plugin', { rule: 'project-kind' });
}

/** Subversion takes the first line, and an argument cannot hold a null character. */
function assertLine(text: string): void {
  if (/[\u0000\r\n]/.test(text)) throw malformed('user name and password to be one line each');
}

function malformed(expected: string): Refusal {
  return new Refusal('invalid', `expected ${expected}`, { rule: 'credential-form' });
}

async function requireFingerprint(tx: Query): Promise<string> {
  const fingerprint = (await readVaultRecord(tx))?.key_fingerprint ?? undefined;
  if (fingerprint === undefined) throw new TypeError('expected an open vault to have noted its fingerprint');
  return fingerprint;
}

async function recordCredentialAct(
  tx: Query,
  caller: Caller,
  act: {
    at: number;
    action: Extract<AuditAction, `wordpress.credentials_${string}`>;
    slug: string;
    repository: string;
  },
): Promise<void> {
  await recordAudit(tx, act.at, {
    ...caller,
    action: act.action,
    object: { kind: 'project', id: act.slug },
    detail: { repository: act.repository },
  });
}
