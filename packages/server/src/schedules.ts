/** What happens by the clock, and again when the vault is unlocked. */
import { join } from 'node:path';
import { Cron } from 'croner';
import { requestNightlyBackup } from './backup/job.ts';
import { requestDueRefreshes } from './evidence/trust-roots/schedule.ts';
import { pruneSnapshots } from './evidence/vulnerabilities/import.ts';
import { refreshCatalogues } from './modules/catalogue/refresh.ts';
import { logCataloguesInForce } from './modules/catalogue/sign.ts';
import { settleSubmissions } from './modules/submissions/settle.ts';
import { requestDueMail } from './notifications/notices/queue.ts';
import { pruneMail } from './notifications/prune.ts';
import { pruneAcme } from './pki/acme/prune.ts';
import { recordExpiryNotices } from './pki/certificates/expiry.ts';
import { loggedCertificates } from './pki/records/logged.ts';
import { recordListNotices } from './pki/revocation/expiry.ts';
import { renewTimestampCertificates } from './pki/timestamps/timestamp-authority.ts';
import { pruneWebhooks } from './push/webhooks/deliveries/prune.ts';
import { freeDiscarded } from './releases/discarded/discard.ts';
import { logManifestsInForce } from './releases/lifecycle/logged.ts';
import { refreshManifests } from './releases/lifecycle/refresh.ts';
import { requestAllRescans } from './releases/rescan/rescan.ts';
import { pruneUploads } from './releases/uploads/upload.ts';
import { pkiParts, type Resources } from './resources.ts';
import { createQueue } from './storage/turns.ts';
import { recordExpiryCrossings } from './trust/expiry.ts';
import { keepHighWater } from './trust/log/high-water.ts';
import { findOpenLog } from './trust/log/store.ts';
import { catchUp, sweepAudit } from './trust/log/sweep.ts';
import { openLog } from './trust/log/transparency-log.ts';
import { logTrustLists } from './trust/trust-lists.ts';
import { sealChains } from './watch/observations/chain.ts';
import { checkChains, collapseMassEvents, endAcceptances, tellStaleRoots } from './watch/patrol/patrol.ts';
import { resumeDeploys } from './wordpress/deploy/deploy.ts';
import { signWaitingPackages } from './wordpress/updates/signature.ts';

/** No time zone by name: looking one up costs a start more than all of its schedules. */
const inUtc = { utcOffset: 0, unref: true } as const;

/** Starts what happens by the clock (UTC); returns the way to stop it, which waits for what runs. */
export function startSchedules(resources: Resources): () => Promise<void> {
  const enqueue = createQueue();
  let isStopped = false;
  const sweep = async () => !isStopped && (await runSweep(resources));
  const crons = [
    new Cron('0 * * * *', inUtc, () => enqueue(() => runHourly(resources))),
    new Cron('* * * * *', { ...inUtc, protect: true }, () => catchUp(enqueue, sweep)),
    new Cron('*/5 * * * *', inUtc, () => enqueue(() => runOften(resources))),
    new Cron('41 2 * * *', inUtc, () => enqueue(() => runBackup(resources))),
    new Cron('17 3 * * *', inUtc, () => enqueue(() => runNightly(resources))),
  ];
  return async () => {
    isStopped = true;
    for (const cron of crons) cron.stop();
    await enqueue(async () => undefined);
  };
}

/**
 * Publishes revocation lists and catalogues that are behind or run out, which they could not be while the vault was locked; asks for trusted roots
 * that are due; puts findings of many sources under one, and ends acceptances; asks again what became of commits.
 */
export async function runOften(resources: Resources): Promise<void> {
  await logFailure(resources, function refreshLists() {
    return resources.revocation.publisher.refresh();
  });
  await logFailure(resources, function refreshWaitingCatalogues() {
    return refreshCatalogues({ ...resources, baseUrl: resources.config.baseUrl });
  });
  await logFailure(resources, requestDueTrustRoots);
  await logFailure(resources, collapseMassEvents);
  await logFailure(resources, endAcceptances);
  await logFailure(resources, resumeDeploys);
  await logFailure(resources, requestDueMail);
}

/** Where everything in force was found in the log, with the vault open; where not, it is tried again by the minute. */
const logsKept = new WeakSet<Resources>();

/**
 * Begins the transparency log when the vault is first open, and appends what is in force and not there yet: of the time before the log, and
 * what was put in force while the vault was locked.
 */
export async function keepLog(resources: Resources): Promise<void> {
  logsKept.delete(resources);
  const parts = logOpening(resources);
  await logFailure(resources, async function logWhatIsInForce() {
    const isSigned = await openLog(parts);
    const appended =
      (await logTrustLists(parts)) + (await logManifestsInForce(parts)) + (await logCataloguesInForce(parts));
    // Answers that were made before show no proof.
    if (isSigned || appended > 0) resources.prepared.forgetAll();
    if (resources.vault.state === 'unlocked') logsKept.add(resources);
  });
  await logFailure(resources, keepLogCheckpoint);
}

/** Appends to the transparency log what comes there by the clock. Returns whether more of it waits. */
async function runSweep(resources: Resources): Promise<boolean> {
  if (resources.vault.state !== 'unlocked') return false;
  let isBehind = false;
  await logFailure(resources, async function sweepAuditLog() {
    const isSigned = await openLog(logOpening(resources));
    if (isSigned || !logsKept.has(resources)) await keepLog(resources);
    ({ isBehind } = await sweepAudit({ ...resources, logged: loggedCertificates }));
  });
  // Also when nothing could be taken in: what was signed otherwise is remembered all the same.
  await logFailure(resources, keepLogCheckpoint);
  return isBehind;
}

/** Remembers what was signed last, outside of the database. */
async function keepLogCheckpoint(resources: Resources): Promise<void> {
  const { database } = resources;
  const log = await findOpenLog(database.query);
  // The file may not run ahead of what the database holds after a power cut: it would take the log for one that went back.
  await database.settle();
  if (log) await keepHighWater(database.query, log, highWaterOf(resources));
}

/** Beside the database, so that one which goes back alone is noticed. */
function highWaterOf({ config }: Resources): string {
  return join(config.dataDir, 'log-checkpoint');
}

function logOpening(resources: Resources) {
  return { ...resources, baseUrl: resources.config.baseUrl, highWater: highWaterOf(resources) };
}

/** Nobody is asked when nobody may be. */
async function requestDueTrustRoots(resources: Resources): Promise<void> {
  if (!resources.outgoing) return;
  if ((await requestDueRefreshes(resources)) > 0) resources.wakeWorker();
}

/** Warns of trust lists that run out, signs manifests again, and removes uploads that nobody goes on with and the bytes of drafts that are gone. */
export async function runHourly(resources: Resources): Promise<void> {
  await logFailure(resources, recordExpiryCrossings);
  await logFailure(resources, refreshAndLog);
  await logFailure(resources, recordExpiryNotices);
  await logFailure(resources, recordListNotices);
  await logFailure(resources, pruneUploads);
  await logFailure(resources, settleSubmissions);
  await logFailure(resources, freeDiscarded);
  await logFailure(resources, renewTimestampsAndLog);
  await logFailure(resources, sealChains);
  await logFailure(resources, tellStaleRoots);
  await logFailure(resources, function pruneFrames() {
    return resources.push.prune();
  });
}

/** Asks for the backup of the night. */
export async function runBackup(resources: Resources): Promise<void> {
  await logFailure(resources, requestNightlyBackup);
  resources.wakeWorker();
}

/** Asks for every file to be scanned again, and forgets what ACME clients and broken imports left behind. */
export async function runNightly(resources: Resources): Promise<void> {
  await logFailure(resources, pruneAcme);
  await logFailure(resources, pruneSnapshots);
  await logFailure(resources, pruneWebhooks);
  await logFailure(resources, pruneMail);
  await logFailure(resources, checkChains);
  if (resources.scanner) await logFailure(resources, requestAllRescans);
  resources.wakeWorker();
}

/** What fails by the clock must not keep the next thing from happening. */
export async function logFailure(resources: Resources, act: (resources: Resources) => Promise<unknown>): Promise<void> {
  await act(resources).catch((err: unknown) => resources.log.error({ err, act: act.name }, 'a schedule failed'));
}

/** Says which timestamp authority keeps a certificate that should have been renewed. */
async function renewTimestampsAndLog(resources: Resources): Promise<void> {
  for (const { name, error } of await renewTimestampCertificates(pkiParts(resources))) {
    resources.log.warn({ authority: name, err: error }, 'the certificate of a timestamp authority was not renewed');
  }
}

/** Says what cannot be signed again: it will stop being served when it expires. Catalogues come last, as they hold the manifests. */
export async function refreshAndLog(resources: Resources, organisationId?: string): Promise<void> {
  const changed = new Set<string>();
  for (const outcome of await refreshManifests({ ...resources, baseUrl: resources.config.baseUrl }, organisationId)) {
    if (outcome.kind === 'refused')
      resources.log.warn({ ...outcome }, 'a manifest in service could not be signed again');
    if (outcome.kind === 'failed') resources.log.error({ ...outcome }, 'signing a manifest in service again failed');
    if (outcome.kind === 'refreshed') changed.add(outcome.organisationId);
  }
  for (const id of changed) resources.published(id);
  await refreshCatalogues({ ...resources, baseUrl: resources.config.baseUrl }, organisationId);
  await signWaitingPackages(resources, organisationId);
}
