/** What is misconfigured, broken or about to run out, each with the way to mend it. */
import { examineBackups } from './backups.ts';
import { examineCatalogues } from './catalogues.ts';
import { examineBlobs, examineDisk, examineOrphans, examineScanner } from './files.ts';
import type { DoctorDependencies, Examination, Finding } from './finding.ts';
import { examineIcons } from './icons.ts';
import { examineLog } from './log.ts';
import { examinePush } from './push.ts';
import { examineProtection, examineReleases } from './releases.ts';
import { examineRevocation } from './revocation.ts';
import { examineAddress, examineAudit, examineDurability, examineVault } from './server.ts';
import { examineTimestamps } from './timestamps.ts';
import { examineServerCertificate } from './tls.ts';
import { examineTrust } from './trust.ts';
import { examineTrustRoots } from './trust-roots.ts';
import { examineWeakKeys } from './weak-keys.ts';
import { examineWebhooks } from './webhooks.ts';
import { examineWordpress } from './wordpress.ts';

/** What is looked at, by the words for it. */
const examinations: Readonly<Record<string, Examination>> = {
  'the vault': examineVault,
  'the trust lists': examineTrust,
  'the transparency log': examineLog,
  'the trusted roots of evidence': examineTrustRoots,
  'the manifests': examineReleases,
  'the catalogues of modules': examineCatalogues,
  'the protection of projects': examineProtection,
  'the scanner': examineScanner,
  'the files of releases': examineBlobs,
  'the icons of modules': examineIcons,
  'the stored files': examineOrphans,
  'the audit log': examineAudit,
  'the durability of the database': examineDurability,
  'signed push': examinePush,
  'the lists of revoked certificates': examineRevocation,
  'the timestamps': examineTimestamps,
  'the backups': examineBackups,
  'the disk': examineDisk,
  'the address': examineAddress,
  'the webhooks': examineWebhooks,
  'the plugins for WordPress': examineWordpress,
  'the lists of weak keys': examineWeakKeys,
  'the certificate of the server': examineServerCertificate,
};

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
