/** The doctor on files: the scanner that looks into them, what is missing, what belongs to nothing, and room for more. */
import { judgeDisk } from '../overview/lights.ts';
import { type DoctorDependencies, dayMs, type Finding } from './finding.ts';
import { listAssetBlobs, listIconBlobs, listReferencedBlobs } from './store.ts';

const staleSignaturesDays = 7;
const orphanAgeMs = dayMs;

/** A scanner that is off, away, or has old signatures. */
export async function examineScanner({ scanner, now }: DoctorDependencies): Promise<Finding[]> {
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

/** Files of releases that are missing or cut short. */
export async function examineBlobs(
  { database, blobs }: DoctorDependencies,
  organisationId: string,
): Promise<Finding[]> {
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

/** Files of no release, no icon and no picture of a page. */
export async function examineOrphans({ database, blobs, now }: DoctorDependencies): Promise<Finding[]> {
  const lists = [listReferencedBlobs, listIconBlobs, listAssetBlobs];
  const known = new Set<string>();
  for (const list of lists) for (const { sha256 } of await list(database.query)) known.add(sha256 ?? '');
  let orphans = 0;
  for await (const { sha256, storedAt } of blobs.list())
    if (!known.has(sha256) && now() - storedAt > orphanAgeMs) orphans += 1;
  if (orphans === 0) return [];
  return [
    {
      level: 'info',
      code: 'blob-orphans',
      message: `${orphans} stored files belong to no release, icon or picture`,
      hint: 'nothing serves them; they are left by uploads that a crash cut off',
    },
  ];
}

/** A disk that is nearly full. */
export async function examineDisk({ config }: DoctorDependencies): Promise<Finding[]> {
  const { light, freeBytes: free } = await judgeDisk(config.dataDir);
  if (light === 'green') return [];
  return [
    {
      level: 'warning',
      code: 'disk-low',
      message: `${Math.floor(free / 1024 ** 2)} MiB are free for the data folder`,
      hint: 'free space, or move the data folder',
    },
  ];
}
