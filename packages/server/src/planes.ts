/** Puts the planes together: their routes, their jobs, their schedules. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Cron } from 'croner';
import type { Logger } from 'pino';
import type { Passwords } from './accounts/passwords.ts';
import type { Envelope } from './backup/age/encryption.ts';
import type { RestoreDesk } from './backup/desk.ts';
import { createBackupJob, requestNightlyBackup } from './backup/job.ts';
import { backupJobKind } from './backup/names.ts';
import { backupRoutes } from './backup/routes.ts';
import type { Config } from './config.ts';
import { doctorRoutes } from './doctor/routes.ts';
import { IssuerKeys } from './evidence/publishers/issuer-keys.ts';
import { publisherRoutes } from './evidence/publishers/routes.ts';
import type { InspectSbom } from './evidence/sboms/inspection.ts';
import { type EvidenceSources, openEvidenceSources } from './evidence/sources.ts';
import type { Spool } from './evidence/spool.ts';
import { TrustRootRefresher } from './evidence/trust-roots/refresh.ts';
import { trustRootRoutes } from './evidence/trust-roots/routes.ts';
import { requestDueRefreshes, trustRootJobKind } from './evidence/trust-roots/schedule.ts';
import type { TrustRootParts } from './evidence/trust-roots/trust-root.ts';
import { pruneSnapshots } from './evidence/vulnerabilities/import.ts';
import { snapshotRoutes } from './evidence/vulnerabilities/routes.ts';
import type { AppEnv } from './http/context.ts';
import { createFetch, type Fetch } from './http/outgoing/fetch.ts';
import { createPost } from './http/outgoing/post.ts';
import type { PreparedAnswers } from './http/prepared.ts';
import { refreshCatalogues } from './modules/catalogue/refresh.ts';
import { moduleRoutes } from './modules/routes.ts';
import { mailJobKind, requestDueMail } from './notifications/notices/queue.ts';
import { recordNotices } from './notifications/notices/record.ts';
import { runMailJob } from './notifications/notices/send.ts';
import type { NotificationParts } from './notifications/parts.ts';
import { pruneMail } from './notifications/prune.ts';
import { notificationRoutes } from './notifications/routes.ts';
import { accessRoutes } from './pki/access/routes.ts';
import { acmeDirectoryRoutes } from './pki/acme/directories/routes.ts';
import { validationJobKind } from './pki/acme/orders/authorization.ts';
import { pruneAcme } from './pki/acme/prune.ts';
import { acmeRoutes } from './pki/acme/routes.ts';
import type { AcmeState } from './pki/acme/state.ts';
import { validateAuthorization } from './pki/acme/validation/validate.ts';
import type { AuthorityParts } from './pki/authorities/authority.ts';
import { authorityPublicRoutes } from './pki/authorities/public/routes.ts';
import { authorityRoutes } from './pki/authorities/routes.ts';
import { certificateDownloadRoutes } from './pki/certificates/downloads/routes.ts';
import { recordExpiryNotices } from './pki/certificates/expiry.ts';
import { certificateRoutes } from './pki/certificates/routes.ts';
import { ruleRoutes } from './pki/profiles/routes.ts';
import type { WeakKeys } from './pki/profiles/weak-keys.ts';
import type { Revocation } from './pki/revocation/revocation.ts';
import { revocationRoutes } from './pki/revocation/routes.ts';
import { timestampRoutes } from './pki/timestamps/routes.ts';
import { renewTimestampCertificates } from './pki/timestamps/timestamp-authority.ts';
import type { Push } from './push/push.ts';
import { pushRoutes } from './push/routes.ts';
import type { DispatcherParts } from './push/webhooks/deliveries/dispatcher.ts';
import { pruneWebhooks } from './push/webhooks/deliveries/prune.ts';
import { recordDeliveries } from './push/webhooks/deliveries/record.ts';
import type { AttemptCounts } from './push/webhooks/metrics.ts';
import { type WebhookRouteParts, webhookRoutes } from './push/webhooks/routes.ts';
import { generateSbom, generationJobKind } from './releases/evidence/generation/generate.ts';
import { sbomRoutes } from './releases/evidence/routes.ts';
import { vulnerabilityRoutes } from './releases/evidence/vulnerabilities/routes.ts';
import { rejudgeAfter } from './releases/gate/admit.ts';
import { evidenceRoutes } from './releases/gate/documents/routes.ts';
import { policyRoutes } from './releases/gate/policies/routes.ts';
import { refreshManifests } from './releases/lifecycle/refresh.ts';
import { releaseRoutes } from './releases/lifecycle/routes.ts';
import type { Catalogues } from './releases/projects/catalogues.ts';
import { projectRoutes } from './releases/projects/routes.ts';
import { downloadRoutes, publicRoutes } from './releases/public/routes.ts';
import type { DownloadCounter } from './releases/public/statistics.ts';
import { requestAllRescans, rescanJobKind, rescanOrganisation } from './releases/rescan/rescan.ts';
import { rescanRoutes } from './releases/rescan/routes.ts';
import type { Scanner } from './releases/scanner/clamd.ts';
import { inspectUpload } from './releases/uploads/inspect-upload.ts';
import type { PartFiles } from './releases/uploads/part-files.ts';
import { uploadRoutes } from './releases/uploads/routes.ts';
import { pruneUploads, uploadJobKind } from './releases/uploads/upload.ts';
import type { Blobs } from './storage/blobs.ts';
import type { Bus } from './storage/bus.ts';
import type { Database } from './storage/database.ts';
import type { RunJob } from './storage/jobs.ts';
import type { Swap } from './storage/swap/staged.ts';
import { createQueue } from './storage/turns.ts';
import { recordExpiryCrossings } from './trust/expiry.ts';
import { trustRoutes } from './trust/routes.ts';
import type { Vault } from './vault/vault.ts';
import { sealChains } from './watch/observations/chain.ts';
import { keepBudgets } from './watch/observing/budget.ts';
import { createObserving, type Observing } from './watch/observing/scheduler.ts';
import { subscribeObserving } from './watch/observing/subscribe.ts';
import { checkChains, collapseMassEvents, endAcceptances, tellStaleRoots } from './watch/patrol/patrol.ts';
import { createFindPublisherKeys } from './watch/publisher-keys/find-keys.ts';
import type { Ask } from './watch/readers/ask.ts';
import { openReaders } from './watch/readers/open.ts';
import { createAsk } from './watch/readers/send-question.ts';
import { type WatchWork, watchRoutes } from './watch/routes.ts';
import { deployJobKind, resumeDeploys } from './wordpress/deploy/deploy.ts';
import { runDeploy } from './wordpress/deploy/job.ts';
import { listPluginFacts } from './wordpress/plugin/page-facts.ts';
import { readAfter } from './wordpress/plugin/reading.ts';
import { wordpressRoutes } from './wordpress/routes.ts';

/** What is open while the server runs. */
export interface Resources extends WatchWork, Pick<NotificationParts, 'mailer' | 'mailAttempts'> {
  readonly config: Config;
  readonly database: Database;
  readonly vault: Vault;
  /** Verifies passwords that are typed again. One for the process: it bounds the memory that this takes. */
  readonly passwords: Passwords;
  readonly blobs: Blobs;
  readonly parts: PartFiles;
  /** SBOMs and other documents on their way in. */
  readonly spool: Spool;
  readonly inspectSbom: InspectSbom;
  /** Undefined when scanning is off. */
  readonly scanner: Scanner | undefined;
  readonly downloads: DownloadCounter;
  /** What shows modules, and changes with them. */
  readonly catalogues: Catalogues;
  readonly prepared: PreparedAnswers;
  readonly acme: AcmeState;
  readonly revocation: Revocation;
  /** Undefined when the server asks nobody for evidence. */
  readonly outgoing: Fetch | undefined;
  readonly trustRoots: TrustRootRefresher;
  readonly evidence: EvidenceSources;
  /** How attempts at webhooks have ended. */
  readonly webhookAttempts: AttemptCounts;
  readonly push: Push;
  readonly weakKeys: WeakKeys;
  readonly now: () => number;
  readonly log: Logger;
  readonly version: string;
  readonly restoreDesk: RestoreDesk;
  readonly swap: Swap;
  readonly backupKeys: Map<string, Envelope>;
  /** Lets the relay look for events and the worker for jobs at once. */
  readonly wakeWorker: () => void;
  /** The relay alone, after what records events and never a job. */
  readonly wakeRelay: () => void;
  /** Called after each commit that changes what an organisation publishes. */
  readonly published: (organisationId: string) => void;
}

/** The planes' routers; those that match any first segment come last. */
export function createPlanes(resources: Resources): OpenAPIHono<AppEnv>[] {
  const withBase = { ...resources, baseUrl: resources.config.baseUrl };
  return [
    trustRoutes(resources),
    authorityRoutes(pkiParts(resources)),
    authorityPublicRoutes(pkiParts(resources)),
    certificateDownloadRoutes(resources),
    timestampRoutes(pkiParts(resources)),
    ruleRoutes(resources),
    certificateRoutes({ ...resources, ...pkiParts(resources) }),
    acmeDirectoryRoutes(resources),
    acmeRoutes({ ...resources, ...resources.acme, pkiUrl: resources.config.pkiUrl }),
    revocationRoutes({ ...pkiParts(resources), ...resources.revocation, log: resources.log }),
    accessRoutes(resources),
    trustRootRoutes(trustRootParts(resources), resources.trustRoots),
    publisherRoutes(publisherParts(resources)),
    projectRoutes(resources),
    ...moduleRoutes(resources),
    releaseRoutes(withBase),
    policyRoutes(resources),
    evidenceRoutes(resources),
    uploadRoutes(resources),
    snapshotRoutes(resources),
    sbomRoutes(resources),
    vulnerabilityRoutes(resources),
    rescanRoutes(resources),
    ...wordpressRoutes(resources),
    ...watchRoutes(withBase),
    notificationRoutes(resources),
    webhookRoutes(webhookParts(resources)),
    pushRoutes(resources),
    doctorRoutes(resources),
    backupRoutes(resources),
    publicRoutes(withBase),
    downloadRoutes({ ...withBase, listFacts: (where) => listPluginFacts(resources, where) }),
  ];
}

function pkiParts({ database, vault, now, config, weakKeys }: Resources): AuthorityParts {
  return { database, vault, now, pkiUrl: config.pkiUrl, weakKeys };
}

/** What asks others for evidence, and follows the roots that it is judged by. */
export function openEvidence(
  opened: Pick<Resources, 'config' | 'database' | 'now' | 'log' | 'wakeWorker'>,
): Pick<Resources, 'outgoing' | 'trustRoots' | 'evidence'> {
  const { outgoing: isOn, outgoingAddresses: addresses } = opened.config;
  const outgoing = isOn === 'off' ? undefined : createFetch({ addresses });
  const trustRoots = new TrustRootRefresher(trustRootParts({ ...opened, outgoing }));
  return { outgoing, trustRoots, evidence: openEvidenceSources(opened) };
}

/** Of one host by the watch: registries that count begin to refuse at ten times as many. */
const requestsPerSecond = 10;
const askNobody: Ask = async () => ({ kind: 'unknown', reason: 'this server asks nobody: SIGNPOST_OUTGOING is off' });

/** What looks at watched sources; it begins when it is started. */
export function openObserving(opened: Pick<Resources, 'config' | 'database' | 'now' | 'log' | 'evidence'>): Observing {
  const { config, database, now, log, evidence } = opened;
  const privateHosts = new Set(config.watchHosts.map(({ host }) => host));
  const wait = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal });
  const budgets = { now, wait, perSecond: requestsPerSecond };
  const ask = config.outgoing === 'off' ? askNobody : keepBudgets(createAsk({ privateHosts, now }), budgets);
  const findPublisherKeys = createFindPublisherKeys(database.query);
  const readers = openReaders({ config, ask, evidence, findPublisherKeys, now });
  return createObserving({ database, now, log, readers, random: Math.random });
}

/** What webhooks are kept and sent with. */
export function webhookParts(resources: Resources): WebhookRouteParts & DispatcherParts {
  const { config, webhookAttempts: attempts, wakeWorker: wake } = resources;
  const reach = { addresses: config.webhookAddresses };
  return {
    ...resources,
    ...{ reach, wake, post: createPost(reach), random: Math.random },
    ...{ rotationHours: config.webhookRotationHours, failureDays: config.webhookFailureDays },
    settled: (how) => void attempts.set(how, (attempts.get(how) ?? 0) + 1),
  };
}

/** What trusted publishing works with. */
function publisherParts({ config, ...resources }: Resources) {
  const addresses = config.outgoingAddresses;
  return { ...resources, addresses, audience: config.baseUrl, keys: new IssuerKeys({ ...resources, addresses }) };
}

function trustRootParts(
  resources: Pick<Resources, 'config' | 'database' | 'now' | 'log' | 'outgoing' | 'wakeWorker'>,
): TrustRootParts {
  return { ...resources, addresses: resources.config.outgoingAddresses, random: Math.random };
}

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
  return {
    [validationJobKind]: (job) => validateAuthorization({ ...resources, ...resources.acme }, job),
    [trustRootJobKind]: (job) => resources.trustRoots.run(job),
    [deployJobKind]: (job) => runDeploy(resources, job),
    [mailJobKind]: (job) => runMailJob(resources, job),
  };
}

/** Makes the `published` of `Resources`: forgets prepared answers at once, then has the public tree written. */
export function createPublished(
  { prepared, wakeWorker }: Pick<Resources, 'prepared' | 'wakeWorker'>,
  writeTree: () => Promise<void>,
): (organisationId: string) => void {
  return (organisationId) => {
    prepared.forget(organisationId);
    wakeWorker();
    void writeTree();
  };
}

/** Signs again what a new trust list asks for, or what waited for a key that it accepts or for the vault; judges what changed under a policy. */
export function subscribePlanes(resources: Resources, bus: Bus): void {
  resources.push.start(bus);
  for (const topic of ['upload.accepted', 'sbom', 'vex', 'policy']) {
    bus.subscribe(topic, (event) => rejudgeAfter(resources, event));
  }
  bus.subscribe('upload.accepted', (event) => readAfter(resources, event));
  for (const topic of ['trust.updated', 'signing_key.activated']) {
    bus.subscribe(topic, async ({ organisationId }) => {
      if (organisationId !== null) await refreshAndLog(resources, organisationId);
    });
  }
  bus.subscribe('*', async (event) => {
    if ((await recordDeliveries(resources, event)) > 0) resources.wakeWorker();
  });
  bus.subscribe('*', (event) => recordNotices(resources, event));
  subscribeObserving(resources, bus);
  // What could not be signed while the vault was locked; other events do not wait for it.
  bus.subscribe('vault.unlocked', async () => {
    void runOften(resources);
    void logFailure(resources, refreshAndLog);
  });
}

/** Starts what happens by the clock (UTC); returns the way to stop it, which waits for what runs. */
export function startSchedules(resources: Resources): () => Promise<void> {
  const enqueue = createQueue();
  const crons = [
    new Cron('0 * * * *', { timezone: 'UTC', unref: true }, () => enqueue(() => runHourly(resources))),
    new Cron('*/5 * * * *', { timezone: 'UTC', unref: true }, () => enqueue(() => runOften(resources))),
    new Cron('41 2 * * *', { timezone: 'UTC', unref: true }, () => enqueue(() => runBackup(resources))),
    new Cron('17 3 * * *', { timezone: 'UTC', unref: true }, () => enqueue(() => runNightly(resources))),
  ];
  return async () => {
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

/** Nobody is asked when nobody may be. */
async function requestDueTrustRoots(resources: Resources): Promise<void> {
  if (!resources.outgoing) return;
  if ((await requestDueRefreshes(resources)) > 0) resources.wakeWorker();
}

/** Warns of trust lists that run out, signs manifests again, and removes uploads that nobody goes on with. */
export async function runHourly(resources: Resources): Promise<void> {
  await logFailure(resources, recordExpiryCrossings);
  await logFailure(resources, refreshAndLog);
  await logFailure(resources, recordExpiryNotices);
  await logFailure(resources, pruneUploads);
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
async function logFailure(resources: Resources, act: (resources: Resources) => Promise<unknown>): Promise<void> {
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
}
