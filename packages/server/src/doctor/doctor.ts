/** What is misconfigured, broken or about to run out, each with the way to mend it. */
import { statfs } from 'node:fs/promises';
import { TrustError } from '@signpost/protocol/errors';
import type { VerifiedTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { Logger } from 'pino';
import { verifyAuditChain } from '../audit/store.ts';
import type { Config } from '../config.ts';
import { Refusal } from '../errors.ts';
import { listCurrentManifests } from '../releases/lifecycle/store.ts';
import { readServedManifest } from '../releases/public/publication.ts';
import type { Scanner } from '../releases/scanner/clamd.ts';
import type { Blobs } from '../storage/blobs.ts';
import type { Database } from '../storage/database.ts';
import { trafficLight } from '../trust/expiry.ts';
import { isInTrustList } from '../trust/signing-keys.ts';
import { describeProtection } from '../trust/status.ts';
import { listSigningKeys } from '../trust/store.ts';
import { readPinnedRoots, readTrustInForce } from '../trust/trust-lists.ts';
import type { Vault } from '../vault/vault.ts';
import { listProjectSlugs, listReferencedBlobs } from './store.ts';

/** What the doctor looks at. */
export interface DoctorDependencies {
  readonly database: Database;
  readonly vault: Vault;
  readonly blobs: Blobs;
  /** Undefined when scanning is off. */
  readonly scanner: Scanner | undefined;
  readonly config: Config;
  readonly now: () => number;
  readonly log: Logger;
}

/** Something to know. `error`: something does not work; `warning`: it will not, or protects less than it could. */
export interface Finding {
  readonly level: 'error' | 'warning' | 'info';
  /** Stable, kebab-case. */
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

const dayMs = 86_400_000;
const staleSignaturesDays = 7;
const orphanAgeMs = dayMs;
const lowDiskBytes = 2 * 1024 ** 3;

/** What is looked at, by the words for it. */
const examinations: Readonly<Record<string, (parts: DoctorDependencies, organisationId: string) => Looked>> = {
  'the vault': examineVault,
  'the trust lists': examineTrust,
  'the manifests': examineReleases,
  'the protection of projects': examineProtection,
  'the scanner': examineScanner,
  'the files of releases': examineBlobs,
  'the stored files': examineOrphans,
  'the audit log': examineAudit,
  'the disk': examineDisk,
  'the address': examineAddress,
};

type Looked = Finding[] | Promise<Finding[]>;

/** Examines an organisation and the server beneath it; the worst findings first. What cannot be examined is a finding. */
export async function examine(dependencies: DoctorDependencies, organisationId: string): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [subject, look] of Object.entries(examinations)) {
    try {
      findings.push(...(await look(dependencies, organisationId)));
    } catch (err) {
      dependencies.log.error({ err, subject }, 'an examination failed');
      findings.push({
        level: 'error',
        code: 'examination-failed',
        message: `${subject} could not be examined`,
        hint: 'the log of the server says why',
      });
    }
  }
  const order = ['error', 'warning', 'info'];
  return findings.sort((left, right) => order.indexOf(left.level) - order.indexOf(right.level));
}

function examineVault({ vault }: DoctorDependencies): Finding[] {
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

async function examineTrust({ database, now }: DoctorDependencies, organisationId: string): Promise<Finding[]> {
  if (!(await readPinnedRoots(database.query, organisationId))) {
    return [
      {
        level: 'error',
        code: 'no-root-pinned',
        message: 'no offline root is pinned',
        hint: 'signpost root init on another machine, then signpost trust import trust.json --pin KEY',
      },
    ];
  }
  try {
    const trust = await readTrustInForce(database.query, organisationId);
    if (!trust)
      return [
        {
          level: 'error',
          code: 'no-trust-list',
          message: 'no trust list is imported',
          hint: 'signpost root sign, then signpost trust import trust.json',
        },
      ];
    return [...examineExpiry(trust, now()), ...(await examineKeys(database, organisationId, { trust, at: now() }))];
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    return [
      {
        level: 'error',
        code: 'trust-chain-broken',
        message: `the stored trust lists do not verify: ${error.message}`,
        hint: 'restore the database from a backup',
      },
    ];
  }
}

function examineExpiry(trust: VerifiedTrustList, at: number): Finding[] {
  const light = trafficLight(trust.expiresAt, at);
  if (light === 'green') return [];
  const days = Math.floor((trust.expiresAt - at) / dayMs);
  const message =
    days < 0 ? 'the trust list has expired: clients refuse every update' : `the trust list expires in ${days} days`;
  return [
    {
      level: light === 'red' ? 'error' : 'warning',
      code: `trust-${light}`,
      message,
      hint: 'on the offline machine: signpost root sign; then signpost trust import trust.json',
    },
  ];
}

async function examineKeys(
  database: Database,
  organisationId: string,
  { trust, at }: { trust: VerifiedTrustList; at: number },
): Promise<Finding[]> {
  const keys = await listSigningKeys(database.query, organisationId);
  const active = keys.filter(({ state }) => state === 'active');
  const findings: Finding[] = active
    .filter((key) => !isInTrustList(key, trust, at))
    .map((key) => ({
      level: 'error',
      code: 'key-not-in-trust-list',
      message: `the active key ${key.label} for ${key.scope} is not in the trust list`,
      hint: 'signpost root add-key, signpost root sign, signpost trust import trust.json',
    }));
  const revoked = keys.filter(
    ({ key_id, state }) =>
      state === 'revoked' &&
      trust.validKeys.some(({ key }) => key.keyId === key_id) &&
      !trust.revokedKeys.some(({ keyId }) => keyId === key_id),
  );
  findings.push(
    ...revoked.map(
      (key): Finding => ({
        level: 'error',
        code: 'revoked-key-still-valid',
        message: `the key ${key.label} is revoked here, but clients still accept it`,
        hint: `signpost root revoke-key ${key.key_id}, signpost root sign, signpost trust import trust.json`,
      }),
    ),
  );
  const maintainers = trust.validKeys.some(({ custody }) => custody === 'maintainer');
  if (active.length === 0 && !maintainers)
    findings.push({
      level: 'warning',
      code: 'no-signing-key',
      message: 'no signing key is active',
      hint: 'signpost key create',
    });
  return findings;
}

async function examineReleases(dependencies: DoctorDependencies, organisationId: string): Promise<Finding[]> {
  const { database, now } = dependencies;
  const findings: Finding[] = [];
  for (const { slug, channel, expires_at } of await listCurrentManifests(database.query, organisationId)) {
    const refused = await readServedManifest(dependencies, organisationId, { slug, channel }).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refused instanceof Refusal) {
      findings.push({
        level: 'error',
        code: 'manifest-unverifiable',
        message: `the manifest of ${slug} (${channel}) does not verify and is not served`,
        hint: 'see the log for the reason; activating or approving the release again makes a new manifest',
      });
    } else if (expires_at - now() < 14 * dayMs) {
      findings.push({
        level: 'warning',
        code: 'manifest-expiring',
        message: `the manifest of ${slug} (${channel}) expires in ${Math.floor((expires_at - now()) / dayMs)} days`,
        hint: 'unlock the vault so that it can be signed again, or approve it again',
      });
    }
  }
  return findings;
}

async function examineProtection(dependencies: DoctorDependencies, organisationId: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    for (const slug of await listProjectSlugs(dependencies.database.query, organisationId)) {
      const { protects } = await describeProtection(dependencies, organisationId, slug);
      findings.push(describeProtectionFinding(slug, protects));
    }
  } catch (error) {
    // Trust lists that do not verify are a finding of their own.
    if (!(error instanceof TrustError)) throw error;
  }
  return findings;
}

function describeProtectionFinding(
  slug: string,
  protects: Awaited<ReturnType<typeof describeProtection>>['protects'],
): Finding {
  const code = `protection-${protects}`;
  switch (protects) {
    case 'every-client':
      return {
        level: 'info',
        code,
        message: `${slug}: a stolen server cannot publish to any client`,
        hint: 'nothing to do',
      };
    case 'clients-that-know-scopes':
      return {
        level: 'info',
        code,
        message: `${slug}: a stolen server cannot publish to clients that know scopes; older clients accept any key of the trust list`,
        hint: 'to protect older clients too, move the project to an organisation whose trust list holds no server key',
      };
    case 'nobody':
      return {
        level: 'info',
        code,
        message: `${slug}: whoever steals the running server can sign releases until the key is revoked`,
        hint: `signpost root set-project ${slug} --approvals 1, with a maintainer's key`,
      };
  }
}

async function examineScanner({ scanner, now }: DoctorDependencies): Promise<Finding[]> {
  if (!scanner)
    return [
      {
        level: 'warning',
        code: 'scan-off',
        message: 'uploads are not scanned for malware; manifests and badges say so',
        hint: 'unset SIGNPOST_SCAN and run clamd',
      },
    ];
  const version = await scanner.probe();
  if (!version)
    return [
      {
        level: 'error',
        code: 'scanner-unreachable',
        message: 'the scanner does not answer: uploads are refused',
        hint: 'start clamd, or set SIGNPOST_CLAMD to its socket',
      },
    ];
  if (version.signatureDate === undefined)
    return [
      {
        level: 'info',
        code: 'scanner-date-unknown',
        message: 'the scanner does not tell how old its signatures are',
        hint: 'run freshclam',
      },
    ];
  const days = Math.floor((now() - version.signatureDate) / dayMs);
  if (days <= staleSignaturesDays) return [];
  return [
    {
      level: 'warning',
      code: 'scanner-stale',
      message: `the scanner's signatures are ${days} days old`,
      hint: 'run freshclam',
    },
  ];
}

async function examineBlobs({ database, blobs }: DoctorDependencies, organisationId: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { sha256, size_bytes } of await listReferencedBlobs(database.query, organisationId)) {
    const size = await blobs.measure(sha256);
    if (size !== size_bytes)
      findings.push({
        level: 'error',
        code: 'blob-missing',
        message: `the file ${sha256.slice(0, 16)}… is ${size === undefined ? 'missing' : `${size} bytes, not ${size_bytes}`}`,
        hint: 'restore it from a backup',
      });
  }
  return findings;
}

async function examineOrphans({ database, blobs, now }: DoctorDependencies): Promise<Finding[]> {
  const known = new Set((await listReferencedBlobs(database.query)).map(({ sha256 }) => sha256));
  let orphans = 0;
  for await (const { sha256, storedAt } of blobs.list())
    if (!known.has(sha256) && now() - storedAt > orphanAgeMs) orphans += 1;
  if (orphans === 0) return [];
  return [
    {
      level: 'info',
      code: 'blob-orphans',
      message: `${orphans} stored files belong to no release`,
      hint: 'nothing serves them; they are left by uploads that a crash cut off',
    },
  ];
}

async function examineAudit({ database }: DoctorDependencies): Promise<Finding[]> {
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

async function examineDisk({ config }: DoctorDependencies): Promise<Finding[]> {
  const { bavail, bsize } = await statfs(config.dataDir);
  const free = bavail * bsize;
  if (free > lowDiskBytes) return [];
  return [
    {
      level: 'warning',
      code: 'disk-low',
      message: `${Math.floor(free / 1024 ** 2)} MiB are free for the data folder`,
      hint: 'free space, or move the data folder',
    },
  ];
}

function examineAddress({ config }: DoctorDependencies): Finding[] {
  const loopback = ['127.0.0.1', '::1', 'localhost'].includes(config.listen.host);
  if (config.baseUrl?.startsWith('https:') || (config.baseUrl === undefined && loopback)) return [];
  return [
    {
      level: 'warning',
      code: 'no-https',
      message: 'clients do not reach this server over HTTPS: log-ins and API keys travel in the clear',
      hint: 'put a proxy with TLS in front and set SIGNPOST_BASE_URL to its https:// address',
    },
  ];
}
