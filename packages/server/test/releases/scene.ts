/** A small organisation with an offline root, for tests of the planes that sign: real database, vault and keys. */
import { createHash, randomBytes } from 'node:crypto';
import { createKeyPair, type Signer } from '@signpost/protocol/keys/ed25519';
import { signEnvelope } from '@signpost/protocol/updates/envelope';
import type { Scope } from '@signpost/protocol/updates/names';
import type { ProjectRule, RevokedKey } from '@signpost/protocol/updates/trust-list';
import {
  createTrustListDocument,
  type PushKeyFields,
  type TrustedKeyFields,
  type TrustedLogFields,
} from '@signpost/protocol/updates/write-trust-list';
import { createOrganisation } from '../../src/accounts/organisations.ts';
import { type Caller, systemActor } from '../../src/audit/audit.ts';
import type { EvidenceSources } from '../../src/evidence/sources.ts';
import { createCatalogues } from '../../src/modules/catalogue/keeper.ts';
import type { PublishingParts } from '../../src/releases/gate/judge.ts';
import { createProject } from '../../src/releases/projects/project.ts';
import type { Database } from '../../src/storage/database.ts';
import { createId } from '../../src/storage/ids.ts';
import { activateSigningKey, createSigningKey } from '../../src/trust/signing-keys.ts';
import { importTrustList, pinRoots } from '../../src/trust/trust-lists.ts';
import { openNewVault } from '../vault/opened-vault.ts';

/** A moment that every test starts at. */
export const start: number = Date.parse('2026-11-21T09:00:00Z');
export const dayMs = 86_400_000;

/** An organisation without trusted roots. */
const noEvidence: EvidenceSources = {
  readTrustedRoots: async () => [],
  builders: [],
};

/** What may be said about a trust list; the rest has defaults. */
export interface ListWish {
  readonly version: number;
  readonly keys?: readonly TrustedKeyFields[];
  readonly revoked?: readonly RevokedKey[];
  readonly push?: readonly PushKeyFields[];
  readonly projects?: readonly ProjectRule[];
  readonly roots?: { readonly signers: readonly Signer[]; readonly threshold: number };
  readonly log?: TrustedLogFields;
  readonly signers?: readonly Signer[];
  readonly expiresAt?: number;
  readonly issuedAt?: number;
}

/** The organisation, and what its offline half can do. */
export interface Scene {
  readonly dependencies: PublishingParts;
  readonly caller: Caller;
  readonly root: Signer;
  /** Moves the clock. */
  travel(ms: number): void;
  /** Signs a trust list with the roots, as the offline machine would. */
  signList(wish: ListWish): Promise<Uint8Array>;
  /** A server key that stands in an imported trust list of `version` and is active. */
  openServerKey(version: number, scope?: Scope): Promise<TrustedKeyFields>;
}

/** Makes the default organisation on an empty, migrated database. The vault is unlocked. */
export async function createScene(database: Database, openVault = openNewVault): Promise<Scene> {
  let now = start;
  const clock = () => now;
  const vault = await openVault(database, clock);
  const travel = (ms: number) => {
    now += ms;
  };
  const signing = { database, vault, now: clock, baseUrl: undefined };
  return foundOrganisation(
    { dependencies: { ...signing, evidence: noEvidence, catalogues: createCatalogues(signing) }, travel },
    { slug: 'default', host: null },
  );
}

/** A further organisation on the same server, with a root of its own. */
export async function foundOrganisation(
  { dependencies, travel }: Pick<Scene, 'dependencies' | 'travel'>,
  { slug, host }: { slug: string; host: string | null },
): Promise<Scene> {
  const { database, now } = dependencies;
  const organisation = await database.transaction((tx) =>
    createOrganisation(tx, { slug, name: slug, host }, { actor: systemActor, now: now() }),
  );
  const caller: Caller = { organisationId: organisation.id, actor: systemActor };
  const { signer: root } = await createKeyPair();
  await pinRoots(dependencies, caller, { rootKeys: [root.pubkeyB64], threshold: 1 });
  const signList = (wish: ListWish) => encodeList(wish, { root, now: now() });
  return {
    dependencies,
    caller,
    root,
    travel,
    signList,
    openServerKey: async (version, scope = '*') => {
      const row = await createSigningKey(dependencies, caller, { scope, label: `server ${version}` });
      const key = trustKey({ keyId: row.key_id, pubkeyB64: row.pubkey_b64 }, { scope });
      await importTrustList(dependencies, caller, await signList({ version, keys: [key] }));
      await activateSigningKey(dependencies, caller, row.key_id);
      return key;
    },
  };
}

/** A key as a trust list names it. */
export function trustKey(
  key: { readonly keyId: string; readonly pubkeyB64: string },
  { scope = '*', custody = 'server' }: { scope?: Scope; custody?: 'server' | 'maintainer' } = {},
): TrustedKeyFields {
  return { key, label: 'a key', custody, scope: [scope], notBefore: undefined, notAfter: undefined };
}

async function encodeList(wish: ListWish, { root, now }: { root: Signer; now: number }): Promise<Uint8Array> {
  const document = createTrustListDocument({
    version: wish.version,
    issuedAt: wish.issuedAt ?? now,
    expiresAt: wish.expiresAt ?? now + 730 * dayMs,
    roots: wish.roots && { keys: wish.roots.signers, threshold: wish.roots.threshold },
    validKeys: wish.keys ?? [],
    pushKeys: wish.push ?? [],
    revokedKeys: wish.revoked ?? [],
    log: wish.log,
    projects: wish.projects ?? [],
  });
  return new TextEncoder().encode(await signEnvelope('trust', document, wish.signers ?? [root]));
}

/** A project with the defaults. */
export async function addProject({ dependencies, caller }: Scene, slug: string): Promise<string> {
  const row = await createProject(dependencies, caller, {
    slug,
    kind: 'app',
    name: { en: slug },
    description: {},
    primaryLocale: 'en',
    acceptedTypes: ['zip'],
    scan: 'off',
    manifestDays: 30,
  });
  return row.id;
}

interface DraftWish {
  readonly projectId: string;
  readonly version: string;
  readonly channel?: string;
  /** Of the artifact; random ones unless given. */
  readonly bytes?: Uint8Array;
}

/** A draft with one artifact, as the upload pipeline leaves it. */
export async function addDraft(
  { dependencies }: Pick<Scene, 'dependencies'>,
  { projectId, version, channel = 'stable', bytes = randomBytes(64) }: DraftWish,
): Promise<{ releaseId: string; sha256: string }> {
  const { database, now } = dependencies;
  const digest = (name: string) => createHash(name).update(bytes).digest('hex');
  const releaseId = createId(now());
  await database.transaction(async (tx) => {
    await tx
      .insertInto('release')
      .values({
        ...{ id: releaseId, project_id: projectId, version, channel, state: 'draft', changelog: '{"en":"**new**"}' },
        ...{ min_version: null, reason: null, created_at: now(), activated_at: null, deleted_at: null },
      })
      .execute();
    await tx
      .insertInto('artifact')
      .values({
        ...{
          id: createId(now()),
          release_id: releaseId,
          name: `app-${version}.zip`,
          platform: 'any',
          media_type: 'application/zip',
        },
        ...{ size_bytes: bytes.length, sha1: digest('sha1'), sha256: digest('sha256'), sha384: digest('sha384') },
        ...{
          sha512: digest('sha512'),
          blake2b512: digest('blake2b512'),
          scan: '{"status":"not_scanned"}',
          created_at: now(),
        },
      })
      .execute();
  });
  return { releaseId, sha256: digest('sha256') };
}
