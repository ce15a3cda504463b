/** Certificate transparency of signers: which logs of a trusted root have promised to publish a certificate (RFC 6962, 5.2). */
import { isSameBytes } from '../bytes/compare.ts';
import { encodeHex } from '../bytes/hex.ts';
import { TrustError } from '../errors.ts';
import type { Certificate } from '../x509/certificate.ts';
import {
  type CertificateTimestamp,
  encodePrecertificateEntry,
  encodeTimestamped,
  parseCertificateTimestamps,
} from './certificate-timestamp.ts';
import type { LogInstance } from './log-instance.ts';
import { isWithin } from './validity-window.ts';

/** A timestamp that was verified. */
export interface VerifiedCertificateTimestamp {
  readonly log: LogInstance;
  /** Unix ms. */
  readonly time: number;
}

/**
 * The timestamps in `certificate` by logs that count at their times; those of other logs are left alone. Throws `sct_invalid`
 * for one that does not verify, and when fewer than `minimum` different logs are found.
 */
export async function verifyCertificateTimestamps(
  { certificate, issuer }: { readonly certificate: Certificate; readonly issuer: Certificate },
  { logs, minimum }: { readonly logs: readonly LogInstance[]; readonly minimum: number },
): Promise<readonly VerifiedCertificateTimestamp[]> {
  const entry = encodePrecertificateEntry(certificate, issuer);
  const found = new Map<string, VerifiedCertificateTimestamp>();
  for (const timestamp of parseCertificateTimestamps(certificate)) {
    const log = findCertificateLog(logs, timestamp);
    if (!log) continue;
    await verifyTimestamped(encodeTimestamped(entry, timestamp), timestamp, log);
    found.set(encodeHex(log.logId), { log, time: timestamp.time });
  }
  if (!(found.size >= minimum)) {
    throw new TrustError('sct_invalid', `expected the certificate in ${minimum} trusted logs, got ${found.size}`);
  }
  return [...found.values()];
}

function findCertificateLog(
  logs: readonly LogInstance[],
  { logId, time }: CertificateTimestamp,
): LogInstance | undefined {
  return logs.find((log) => isSameBytes(log.logId, logId) && isWithin(log.window, time));
}

async function verifyTimestamped(
  message: Uint8Array<ArrayBuffer>,
  { keyKind, signature }: CertificateTimestamp,
  { key, algorithm, baseUrl }: LogInstance,
): Promise<void> {
  try {
    if (key.subjectKey.kind !== keyKind) throw new TrustError('bad_signature', `expected a signature by ${keyKind}`);
    await key.verify({ algorithm, message, signature });
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause;
    throw new TrustError('sct_invalid', `expected a certificate timestamp by ${baseUrl}: ${cause.message}`, { cause });
  }
}
