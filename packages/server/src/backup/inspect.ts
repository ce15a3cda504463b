/** Whether a restored server is worth having: every release, certificate and audit row, looked at as clients would. */
import { createHash } from 'node:crypto';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { type PublicKey, parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { importPublicKey, type VerificationKey } from '@signpost/protocol/keys/verification-key';
import { collectSigners, parseEnvelope } from '@signpost/protocol/updates/envelope';
import { maxManifestBytes, parseManifest } from '@signpost/protocol/updates/manifest';
import { verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import type { VerifiedTrustList } from '@signpost/protocol/updates/verify-trust-list';
import { parseCertificate } from '@signpost/protocol/x509/certificate';
import { verifySigned } from '@signpost/protocol/x509/verify-certificate';
import { verifyAuditChain } from '../audit/store.ts';
import { Refusal } from '../errors.ts';
import type { Blobs } from '../storage/blobs.ts';
import type { Database } from '../storage/database.ts';
import { readTrustInForce } from '../trust/trust-lists.ts';
import {
  listIconFiles,
  listReleaseFiles,
  listTrustEnvelopes,
  type SignedManifest,
  walkCertificates,
  walkManifests,
} from './store.ts';

/** What was looked at, and everything that is wrong; all is well when `findings` is empty. */
export interface InspectionReport {
  readonly files: number;
  readonly manifests: number;
  readonly certificates: number;
  readonly auditRows: number;
  readonly findings: readonly string[];
}

/** What is inspected. `at` is the time, in Unix milliseconds, at which what is in service must hold. */
export interface InspectedServer {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly at: number;
}

/** Looks at everything; what is wrong is a finding, never an exception. */
export async function inspectServer(server: InspectedServer): Promise<InspectionReport> {
  const findings: string[] = [];
  const files = await inspectFiles(server, findings);
  const manifests = await inspectManifests(server, findings);
  const certificates = await inspectCertificates(server, findings);
  const auditRows = await inspectAudit(server, findings);
  return { files, manifests, certificates, auditRows, findings };
}

async function inspectFiles({ database, blobs }: InspectedServer, findings: string[]): Promise<number> {
  const files = [...(await listReleaseFiles(database.query)), ...(await listIconFiles(database.query))];
  const digests = new Map<string, string>();
  for (const { project, version, sha256, size_bytes } of files) {
    const found = digests.get(sha256) ?? (await digestBlob(blobs, sha256));
    digests.set(sha256, found);
    if (found !== `${sha256} ${size_bytes}`) findings.push(`${project} ${version}: the file ${sha256} is ${found}`);
  }
  return files.length;
}

/** Digest and size, or why there is none. */
async function digestBlob(blobs: Blobs, sha256: string): Promise<string> {
  try {
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of blobs.read(sha256)) {
      hash.update(chunk);
      size += chunk.length;
    }
    return `${hash.digest('hex')} ${size}`;
  } catch (error) {
    if (error instanceof Refusal) return 'missing';
    throw error;
  }
}

async function inspectManifests({ database, at }: InspectedServer, findings: string[]): Promise<number> {
  const trusts = new Map<string, OrganisationTrust>();
  let count = 0;
  for await (const row of walkManifests(database.query)) {
    count += 1;
    await noting(findings, `${row.project} ${row.channel} manifest ${row.counter}`, async () => {
      const trust = trusts.get(row.organisation_id) ?? (await readTrust(database, row.organisation_id));
      trusts.set(row.organisation_id, trust);
      await verifyStored(row, { trust, at });
    });
  }
  return count;
}

/** What an organisation trusts now, and every key that it ever named: older manifests were signed by those. */
interface OrganisationTrust {
  readonly inForce: VerifiedTrustList | undefined;
  readonly keys: readonly PublicKey[];
}

async function readTrust(database: Database, organisationId: string): Promise<OrganisationTrust> {
  const encoded = new Set<string>();
  for (const envelope of await listTrustEnvelopes(database.query, organisationId)) {
    for (const [, key = ''] of envelope.matchAll(/"pubkey_b64":"([A-Za-z0-9+/=]{44})"/g)) encoded.add(key);
  }
  return {
    inForce: await readTrustInForce(database.query, organisationId),
    keys: await Promise.all([...encoded].map((key) => parsePublicKey(key))),
  };
}

async function verifyStored(
  row: SignedManifest,
  { trust, at }: { trust: OrganisationTrust; at: number },
): Promise<void> {
  const bytes = encodeText(row.envelope);
  if (row.state === 'current') {
    if (!trust.inForce) throw new TrustError('trust_missing', 'expected a trust list, got none');
    await verifyManifest(bytes, { trust: trust.inForce, project: row.project, channel: row.channel, now: at });
    return;
  }
  const envelope = parseEnvelope(bytes, 'manifest', maxManifestBytes);
  const { keyId } = parseManifest(envelope.document);
  const signers = await collectSigners(envelope, trust.keys);
  if (!signers.includes(keyId)) throw new TrustError('bad_signature', 'expected a signature of the key it names');
}

/**
 * Each certificate against the key of its issuer. An issuer's own certificate is among them, so this follows every chain
 * to its root.
 */
async function inspectCertificates({ database }: InspectedServer, findings: string[]): Promise<number> {
  const keys = new Map<string, VerificationKey>();
  let count = 0;
  for await (const { id, der, fingerprint, issuer_key } of walkCertificates(database.query)) {
    count += 1;
    await noting(findings, `certificate ${id}`, async () => {
      const certificate = parseCertificate(parseBase64(der));
      const digest = createHash('sha256').update(certificate.bytes).digest('hex');
      if (digest !== fingerprint) throw new TrustError('malformed', 'expected the fingerprint of its row');
      if (issuer_key === null) return;
      const key = keys.get(issuer_key) ?? (await importPublicKey(parseBase64(issuer_key)));
      keys.set(issuer_key, key);
      await verifySigned(certificate, key);
    });
  }
  return count;
}

async function inspectAudit({ database }: InspectedServer, findings: string[]): Promise<number> {
  let sequence = 0;
  await noting(findings, 'audit log', async () => {
    ({ sequence } = await verifyAuditChain(database));
  });
  return sequence;
}

async function noting(findings: string[], what: string, look: () => Promise<void>): Promise<void> {
  try {
    await look();
  } catch (error) {
    if (!(error instanceof TrustError || error instanceof Refusal)) throw error;
    findings.push(`${what}: ${error.message}`);
  }
}
