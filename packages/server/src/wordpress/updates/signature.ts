/**
 * Signatures that WordPress' own updater checks (`verify_file_signature`, since 5.2): Ed25519 over the raw SHA-384 of the archive. Nothing tells such
 * a signature from one over another 48 bytes, so its key signs nothing else: the trust list names it with the scope `wordpress:slug` alone.
 */
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import { parseHex } from '@signpost/protocol/bytes/hex';
import { TrustError } from '@signpost/protocol/errors';
import { isSignature, type Signer } from '@signpost/protocol/keys/ed25519';
import { findKeysInScope } from '@signpost/protocol/updates/verify-manifest';
import { type VerifiedTrustList, verifyNotExpired } from '@signpost/protocol/updates/verify-trust-list';
import type { Transaction } from 'kysely';
import type { Logger } from 'pino';
import { systemActor } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { isPublic } from '../../releases/lifecycle/audience.ts';
import { approvalsNeeded, requireTrust } from '../../releases/lifecycle/manifest.ts';
import type { Catalogues } from '../../releases/projects/catalogues.ts';
import type { ProjectRow } from '../../releases/projects/store.ts';
import type { StoredFile } from '../../releases/public/store.ts';
import type { Database } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import { openScopedSigner, type SigningKeyDependencies } from '../../trust/signing-keys.ts';
import { readTrustInForce } from '../../trust/trust-lists.ts';
import { findSignature, listSigningPlugins, listUnsigned, replaceSignature } from './store.ts';

/** Signs the archives of plugins in the transaction that puts them into service. What cannot be signed goes into service without. */
export function createPackageSigning(parts: SigningKeyDependencies): Catalogues {
  return {
    reflect: async (tx, { project, act, at }) => {
      if (project.kind !== 'wordpress_plugin' || (act !== 'published' && act !== 'renewed')) return;
      await signPackages(tx, parts, { project, at });
    },
  };
}

/** Signs what waited for a key, for the vault, or for a trust list: of one organisation, or of all. */
export async function signWaitingPackages(
  parts: SigningKeyDependencies & { readonly published: (organisationId: string) => void },
  organisationId?: string,
): Promise<void> {
  const { database, now, published } = parts;
  for (const project of await listSigningPlugins(database.query, organisationId)) {
    const count = await database.transaction((tx) => signPackages(tx, parts, { project, at: now() }));
    if (count > 0) published(project.organisation_id);
  }
}

/** The signature of a published archive in base64, if it verifies under the trust list in force; otherwise undefined, and the log says why. */
export async function findPackageSignature(
  {
    database,
    now,
    log,
  }: { readonly database: Database; readonly now: () => number; readonly log: Pick<Logger, 'error'> },
  project: Pick<ProjectRow, 'organisation_id' | 'slug'>,
  { artifact, release }: StoredFile,
): Promise<string | undefined> {
  if (!isPublic(release)) return undefined;
  const row = await findSignature(database.query, artifact.id);
  if (!row) return undefined;
  try {
    const trust = await readTrustInForce(database.query, project.organisation_id);
    // What maintainers must approve no key of the server vouches for, in any form.
    if (!trust || approvalsNeeded(trust, project.slug) > 0) return undefined;
    await verifySignature(row, { trust, slug: project.slug, sha384: artifact.sha384, now: now() });
    return row.signature;
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    log.error({ project: project.slug, reason: error.message }, "a signature for WordPress' own check is not served");
    return undefined;
  }
}

interface SignatureContext {
  readonly trust: VerifiedTrustList;
  readonly slug: string;
  /** Of the archive, in hex. */
  readonly sha384: string;
  readonly now: number;
}

async function verifySignature(
  { key_id, signature }: { readonly key_id: string; readonly signature: string },
  { trust, slug, sha384, now }: SignatureContext,
): Promise<void> {
  verifyNotExpired(trust, now);
  const trusted = findKeysInScope(trust, `wordpress:${slug}`, now).find(({ key }) => key.keyId === key_id);
  if (!trusted) throw new TrustError('key_out_of_scope', `expected a key for the packages of ${slug} alone`);
  if (await isSignature(trusted.key, parseBase64(signature), parseHex(sha384))) return;
  throw new TrustError('bad_signature', 'expected the signature of the package to verify');
}

/** How many archives were signed. */
async function signPackages(
  tx: Transaction<Schema>,
  parts: SigningKeyDependencies,
  { project, at }: { readonly project: ProjectRow; readonly at: number },
): Promise<number> {
  const { id: projectId, organisation_id: organisationId, slug } = project;
  const trust = await requireTrust(tx, organisationId, at).catch(absentIfRefused);
  if (!trust || approvalsNeeded(trust, slug) > 0) return 0;
  const signer = await openPackageSigner(tx, parts, { trust, project });
  if (!signer) return 0;
  const waiting = await listUnsigned(tx, { projectId, keyId: signer.keyId });
  for (const { id, sha384, version, name } of waiting) {
    const signature = encodeBase64(await signer.sign(parseHex(sha384)));
    const row = { artifact_id: id, key_id: signer.keyId, signature, signed_at: at };
    await verifySignature(row, { trust, slug, sha384, now: at });
    await replaceSignature(tx, row);
    await recordAudit(tx, at, {
      ...{ organisationId, actor: systemActor, action: 'wordpress.package_signed' },
      object: { kind: 'project', id: slug },
      detail: { version, name, key_id: signer.keyId },
    });
  }
  return waiting.length;
}

/** Undefined while there is no key, or none that may be used now: a plugin is released without. */
async function openPackageSigner(
  tx: Transaction<Schema>,
  parts: SigningKeyDependencies,
  { trust, project }: { readonly trust: VerifiedTrustList; readonly project: ProjectRow },
): Promise<Signer | undefined> {
  const wish = { query: tx, scope: `wordpress:${project.slug}`, trust } as const;
  return openScopedSigner(parts, project.organisation_id, wish).catch(absentIfRefused);
}

function absentIfRefused(error: unknown): undefined {
  if (error instanceof Refusal || error instanceof TrustError) return undefined;
  throw error;
}
