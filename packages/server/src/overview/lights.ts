/** Lights for what runs out or falls silent: certificates, the roots of evidence, what the watch sees, and the disk. */
import { statfs } from 'node:fs/promises';
import { lightOf } from '../evidence/trust-roots/light.ts';
import { listTrustRoots } from '../evidence/trust-roots/store.ts';
import type { Query } from '../storage/database.ts';
import { countSchedules } from '../watch/observing/store.ts';
import { findNextEnd, listEndingCertificates } from './store.ts';
import { noticeMs } from './waiting.ts';

/** `none`: there is nothing to judge. */
export type LightColour = 'green' | 'yellow' | 'red' | 'none';

const dayMs = 86_400_000;
/** Below this the doctor warns. */
const lowDiskBytes = 2 * 1024 ** 3;
/** Below this an upload, a backup or the database itself may fail at any moment. */
const scarceDiskBytes = 256 * 1024 ** 2;

/** Whose certificates, roots and sources, and when. */
export interface LightSubject {
  readonly organisationId: string;
  readonly now: number;
}

/** Certificates that nothing follows: when the first of them ends (Unix milliseconds), and how many end within 30 days. */
export async function judgeCertificates(
  query: Query,
  { organisationId, now }: LightSubject,
): Promise<{ readonly light: LightColour; readonly endsAt: number | undefined; readonly ending: number }> {
  const endsAt = await findNextEnd(query, { organisationId, now });
  if (endsAt === undefined) return { light: 'none', endsAt, ending: 0 };
  const filter = { organisationId, now, until: now + noticeMs, limit: 1 };
  const { rows, total: ending } = await listEndingCertificates(query, filter);
  const [first] = rows;
  if (!first) return { light: 'green', endsAt, ending };
  return { light: first.not_after - now <= 7 * dayMs ? 'red' : 'yellow', endsAt: first.not_after, ending };
}

/** The worst of the roots that evidence is judged by, and how many of them are not green. */
export async function judgeTrustRoots(
  query: Query,
  { organisationId, now }: LightSubject,
): Promise<{ readonly light: LightColour; readonly roots: number; readonly troubled: number }> {
  const lights = (await listTrustRoots(query, organisationId)).map((row) => lightOf(row, now).light);
  const worst = (['red', 'yellow', 'green'] as const).find((light) => lights.includes(light));
  const troubled = lights.filter((light) => light !== 'green').length;
  return { light: worst ?? 'none', roots: lights.length, troubled };
}

/** How much of what is watched answers: red once less than half does. */
export async function judgeCoverage(
  query: Query,
  organisationId: string,
): Promise<{ readonly light: LightColour; readonly sources: number; readonly unanswered: number }> {
  const { sources = 0, unanswered = 0 } = (await countSchedules(query, organisationId))[0] ?? {};
  if (sources === 0) return { light: 'none', sources, unanswered };
  if (unanswered === 0) return { light: 'green', sources, unanswered };
  return { light: unanswered * 2 > sources ? 'red' : 'yellow', sources, unanswered };
}

/** The room that is left for the data folder. */
export async function judgeDisk(dataDir: string): Promise<{ readonly light: LightColour; readonly freeBytes: number }> {
  const { bavail, bsize } = await statfs(dataDir);
  return weighDisk(bavail * bsize);
}

/** The light for so much free room. */
export function weighDisk(freeBytes: number): { readonly light: LightColour; readonly freeBytes: number } {
  if (freeBytes > lowDiskBytes) return { light: 'green', freeBytes };
  return { light: freeBytes > scarceDiskBytes ? 'yellow' : 'red', freeBytes };
}
