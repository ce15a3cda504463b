/** The rule on malware scans. */
import { encodeTime } from '../../json/time.ts';
import { formatDuration, isRecent } from '../duration.ts';
import type { ArtifactEvidence, ScanEvidence } from '../evidence.ts';
import type { ScanRule } from '../policy.ts';
import type { Finding } from '../verdict.ts';

/** Holds the scan of an artifact against the rule. */
export function judgeScan({ maxAgeMs }: ScanRule, { name, scan }: ArtifactEvidence, now: number): readonly Finding[] {
  const since = maxAgeMs === undefined ? '' : ` in the last ${formatDuration(maxAgeMs)}`;
  const isMet = scan.state === 'clean' && isFresh(scan.scannedAt, maxAgeMs, now);
  return [
    {
      rule: 'scan',
      artifact: name,
      outcome: isMet ? 'met' : scan.state === 'clean' ? 'unmet' : 'unknown',
      expected: `found clean by the scanner${since}`,
      found: describeScan(scan),
      hint: isMet ? undefined : 'signpost rescan',
    },
  ];
}

function isFresh(scannedAt: number | undefined, maxAgeMs: number | undefined, now: number): boolean {
  if (maxAgeMs === undefined) return true;
  return scannedAt !== undefined && isRecent(scannedAt, { maxAgeMs, now });
}

function describeScan(scan: ScanEvidence): string {
  if (scan.state !== 'clean') return 'not scanned';
  return scan.scannedAt === undefined ? 'clean' : `clean, scanned ${encodeTime(scan.scannedAt)}`;
}
