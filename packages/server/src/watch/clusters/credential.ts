/** How the API of a cluster is reached: its address, the one authority that vouches for it, and what proves who asks. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import type { Environment } from '../../config-reader.ts';
import { Refusal } from '../../errors.ts';
import type { Vault } from '../../vault/vault.ts';
import type { ClusterRow } from './store.ts';

/** What proves who asks. */
export type ClusterCredential =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'certificate'; readonly certificate: string; readonly key: string };

/** See the file. */
export interface ApiAccess {
  /** `https://…`, without a slash at its end. */
  readonly url: string;
  /** PEM; nobody else vouches. */
  readonly ca: string;
  readonly credential: ClusterCredential;
}

/** What access is opened with. */
export interface AccessParts {
  readonly vault: Vault;
  readonly environment: Environment;
  /** Where Kubernetes puts the files of a service account. */
  readonly serviceAccountFolder: string;
}

/** The folder that every pod has. */
export const usualServiceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

const purpose = 'watch-cluster';
const maxPem = 64 * 1024;
const maxToken = 16 * 1024;
/** One line, as a header takes it (RFC 6750). */
const tokenSchema = z
  .string()
  .max(maxToken)
  .regex(/^[A-Za-z0-9._~+/=-]+$/);
const credentialSchema = z.union([
  z.strictObject({ kind: z.literal('token'), token: tokenSchema }),
  z.strictObject({ kind: z.literal('certificate'), certificate: z.string().max(maxPem), key: z.string().max(maxPem) }),
]);

/**
 * What is stored of access to a cluster. Throws `invalid`, rule `cluster-access`, for an address that is not https, an authority that is no certificate,
 * and a credential that is none; nothing of the credential is repeated.
 */
export function parseAccess({ url, ca, credential }: ApiAccess): ApiAccess {
  const parsed = url.length > 2048 ? null : URL.parse(url);
  const isBare = parsed?.username === '' && parsed.password === '' && parsed.search === '' && parsed.hash === '';
  if (parsed?.protocol !== 'https:' || !isBare) throw refuse('expected the https:// address of the API server');
  if (!tokenOrCertificate(credential)) throw refuse('expected a token, or a client certificate with its key');
  try {
    for (const pem of splitCertificates(ca)) new X509Certificate(pem);
    createSecureContext({ ca, ...(credential.kind === 'certificate' && pairOf(credential)) });
  } catch (cause) {
    throw refuse('expected certificates in PEM, and the key of the one that is shown', cause);
  }
  return { url: parsed.href.replace(/\/+$/, ''), ca, credential };
}

function tokenOrCertificate(credential: unknown): credential is ClusterCredential {
  return credentialSchema.safeParse(credential).success;
}

function splitCertificates(pem: string): readonly string[] {
  const found = pem.length > maxPem ? null : pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (!found) throw new TypeError('expected a certificate');
  return found;
}

/** What Node's TLS calls the two. */
export function pairOf({ certificate, key }: ClusterCredential & { readonly kind: 'certificate' }) {
  return { cert: certificate, key };
}

/** Seals a credential for the cluster. Throws `vault_locked`. */
export function sealCredential(vault: Vault, id: string, credential: ClusterCredential): string {
  return vault.seal(purpose, `watch_cluster/${id}`, new TextEncoder().encode(JSON.stringify(credential)));
}

/**
 * Opens the access to a cluster; in a cluster from its files as they are now. Throws `vault_locked`, and `unavailable` for what cannot be read: the message
 * says what, and no content.
 */
export async function openAccess(parts: AccessParts, row: ClusterRow): Promise<ApiAccess> {
  if (row.kind === 'in-cluster') return readServiceAccount(parts);
  const { id, server, ca, sealed_credential: sealed } = row;
  if (server === null || ca === null || sealed === null) throw new Error('expected the access of a cluster');
  const text = new TextDecoder().decode(parts.vault.unseal(purpose, `watch_cluster/${id}`, sealed));
  return { url: server, ca, credential: credentialSchema.parse(JSON.parse(text)) };
}

async function readServiceAccount({ environment, serviceAccountFolder }: AccessParts): Promise<ApiAccess> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  if (host === undefined || port === undefined) throw outside('KUBERNETES_SERVICE_HOST is not set');
  const read = async (name: string) =>
    (
      await readFile(join(serviceAccountFolder, name), 'utf8').catch((cause: unknown) => {
        throw outside(`the file ${name} of the service account cannot be read`, cause);
      })
    ).trim();
  const [token, ca] = [await read('token'), await read('ca.crt')];
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return parseAccess({ url, ca, credential: { kind: 'token', token } });
}

function outside(what: string, cause?: unknown): Refusal {
  return new Refusal('unavailable', `this server runs in no cluster: ${what}`, { rule: 'cluster-access', cause });
}

function refuse(message: string, cause?: unknown): Refusal {
  return new Refusal('invalid', message, { rule: 'cluster-access', cause });
}
