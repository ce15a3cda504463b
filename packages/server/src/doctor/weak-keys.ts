/** The doctor on keys that others have: whether anybody looks for them where certificates are issued. */
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { TrustError } from '@signpost/protocol/errors';
import { parseSubjectKey } from '@signpost/protocol/keys/subject-key';
import { parseCertificate } from '@signpost/protocol/x509/certificate';
import type { DoctorDependencies, Finding } from './finding.ts';
import { hasAuthorities, listForeignKeyed } from './store.ts';

/** Enough to see what comes in; all of them may be a hundred thousand. */
const lookedAt = 200;

/** Whether lists of weak keys are read: a warning where there is something to look up, RSA keys that somebody else made. */
export async function examineWeakKeys(
  { database, weakKeys, now }: Pick<DoctorDependencies, 'database' | 'weakKeys' | 'now'>,
  organisationId: string,
): Promise<Finding[]> {
  if (!(await hasAuthorities(database.query, organisationId))) return [];
  if (weakKeys.count > 0) {
    return [
      {
        level: 'info',
        code: 'weak-keys-listed',
        message: `${weakKeys.count} keys of the lists of weak keys are certified for nobody`,
        hint: 'signpost cert check tells of certificates that are older than the lists',
      },
    ];
  }
  const foreign = await listForeignKeyed(database.query, organisationId, { now: now(), limit: lookedAt });
  return [
    {
      level: foreign.some(isRsa) ? 'warning' : 'info',
      code: 'weak-keys-unlisted',
      message: 'no list of weak keys is read: keys of Debian from 2006 to 2008 (CVE-2008-0166) would be certified',
      hint: 'SIGNPOST_WEAK_KEYS names such lists, as Debian keeps them in openssl-blacklist: docs/operations.md; or allow ECDSA keys alone, by profiles of your own',
    },
  ];
}

/** Lists are of RSA keys alone. What cannot be read is found by the check of certificates. */
function isRsa(der: string): boolean {
  try {
    return parseSubjectKey(parseCertificate(parseBase64(der)).spki).kind === 'rsa';
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    return false;
  }
}
