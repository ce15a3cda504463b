/** The doctor on icons: rows whose file is gone or another one. Files of no row are among the stored files of nothing. */
import type { DoctorDependencies, Finding } from './finding.ts';
import { listIconBlobs } from './store.ts';

/** Icons whose file is missing or cut short, also of icons that were replaced: they would keep a backup from being made. */
export async function examineIcons(
  { database, blobs }: DoctorDependencies,
  organisationId: string,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { slug, sha256, size_bytes, ended_at } of await listIconBlobs(database.query, organisationId)) {
    const size = await blobs.measure(sha256);
    if (size === size_bytes) continue;
    const state = size === undefined ? 'missing' : `${size} bytes, not ${size_bytes}`;
    findings.push({
      level: 'error',
      code: 'icon-missing',
      message: `the file ${sha256.slice(0, 16)}… of ${ended_at === null ? 'the' : 'a former'} icon of ${slug} is ${state}`,
      hint: 'restore it from a backup, or set the same picture again: signpost module icon set',
    });
  }
  return findings;
}
