/** What the worker runs, by kind of job. */
import { accountMailJobKind } from './accounts/notices/queue.ts';
import { runAccountMail } from './accounts/notices/send.ts';
import { createBackupJob } from './backup/job.ts';
import { backupJobKind } from './backup/names.ts';
import { trustRootJobKind } from './evidence/trust-roots/schedule.ts';
import { mailJobKind } from './notifications/notices/queue.ts';
import { runMailJob } from './notifications/notices/send.ts';
import { count } from './notifications/parts.ts';
import { validationJobKind } from './pki/acme/orders/authorization.ts';
import { validateAuthorization } from './pki/acme/validation/validate.ts';
import { generateSbom, generationJobKind } from './releases/evidence/generation/generate.ts';
import { rescanJobKind, rescanOrganisation } from './releases/rescan/rescan.ts';
import { inspectUpload } from './releases/uploads/inspect-upload.ts';
import { uploadJobKind } from './releases/uploads/upload.ts';
import type { Resources } from './resources.ts';
import type { RunJob } from './storage/jobs.ts';
import { deployJobKind } from './wordpress/deploy/deploy.ts';
import { runDeploy } from './wordpress/deploy/job.ts';
import { runPreflight } from './wordpress/preflight/job.ts';
import { preflightJobKind } from './wordpress/preflight/preflight.ts';

/** What the worker runs, by kind of job. */
export function createJobs(resources: Resources): Readonly<Record<string, RunJob>> {
  const { scanner } = resources;
  return {
    [uploadJobKind]: (job) => inspectUpload(resources, job),
    [generationJobKind]: (job) => generateSbom(resources, job),
    [backupJobKind]: createBackupJob(resources),
    [rescanJobKind]: async ({ payload, signal }, report) => {
      if (!scanner) return;
      await rescanOrganisation({ ...resources, scanner }, String(payload.organisation_id), async (progress) => {
        // A rescan may take hours: a server that stops does not wait for its end, the job begins again.
        signal.throwIfAborted();
        await report(progress);
      });
    },
  };
}

/** What runs beside the worker, since a client waits for it and most of it is waiting for others. */
export function createPromptJobs(resources: Resources): Readonly<Record<string, RunJob>> {
  const { mailAttempts } = resources;
  return {
    [validationJobKind]: (job) => validateAuthorization({ ...resources, ...resources.acme }, job),
    [trustRootJobKind]: (job) => resources.trustRoots.run(job),
    [deployJobKind]: (job) => runDeploy(resources, job),
    [mailJobKind]: (job) => runMailJob(resources, job),
    [accountMailJobKind]: (job) =>
      runAccountMail({ ...resources, noteAttempt: (how) => count(mailAttempts, how) }, job),
  };
}

/** What runs one at a time, whatever waits: the programs behind it take what the machine has. */
export function createHeavyJobs(resources: Resources): Readonly<Record<string, RunJob>> {
  return { [preflightJobKind]: (job) => runPreflight(resources, job) };
}
