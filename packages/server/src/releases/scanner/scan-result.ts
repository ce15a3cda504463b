/** How a scan ended, as it is stored with an artifact and stands in manifests. */
import type { ScanVerdict } from './clamd.ts';

/** JSON of the column `artifact.scan`. Times are RFC 3339; what is not known is left out. */
export interface ScanResult {
  readonly status: 'clean' | 'not_scanned';
  readonly engine?: string;
  readonly engine_version?: string;
  readonly signature_date?: string;
  readonly scanned_at?: string;
}

/** For files that nobody looked into, because the server or the project says so. */
export const notScanned: ScanResult = { status: 'not_scanned' };

/** A clean verdict given at `now`, in Unix milliseconds. */
export function formatScanResult({ scanner }: ScanVerdict & { kind: 'clean' }, now: number): ScanResult {
  const { engine, version, signatureDate } = scanner;
  return {
    status: 'clean',
    engine,
    engine_version: version,
    ...(signatureDate === undefined ? {} : { signature_date: new Date(signatureDate).toISOString() }),
    scanned_at: new Date(now).toISOString(),
  };
}
