/** Puts the planes together: their routes, their jobs, their schedules. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { backupRoutes } from './backup/routes.ts';
import { doctorRoutes } from './doctor/routes.ts';
import { IssuerKeys } from './evidence/publishers/issuer-keys.ts';
import { publisherRoutes } from './evidence/publishers/routes.ts';
import { openEvidenceSources } from './evidence/sources.ts';
import { TrustRootRefresher } from './evidence/trust-roots/refresh.ts';
import { trustRootRoutes } from './evidence/trust-roots/routes.ts';
import type { TrustRootParts } from './evidence/trust-roots/trust-root.ts';
import { snapshotRoutes } from './evidence/vulnerabilities/routes.ts';
import type { AppEnv } from './http/context.ts';
import { createFetch } from './http/outgoing/fetch.ts';
import { createPost } from './http/outgoing/post.ts';
import { moduleRoutes } from './modules/routes.ts';
import { settleAfter } from './modules/submissions/settle.ts';
import { recordNotices } from './notifications/notices/record.ts';
import { notificationRoutes } from './notifications/routes.ts';
import { overviewRoutes } from './overview/routes.ts';
import { accessRoutes } from './pki/access/routes.ts';
import { acmeDirectoryRoutes } from './pki/acme/directories/routes.ts';
import { acmeRoutes } from './pki/acme/routes.ts';
import { authorityPublicRoutes } from './pki/authorities/public/routes.ts';
import { authorityRoutes } from './pki/authorities/routes.ts';
import { certificateDownloadRoutes } from './pki/certificates/downloads/routes.ts';
import { certificateRoutes } from './pki/certificates/routes.ts';
import { consistencyRoutes } from './pki/consistency/routes.ts';
import { ruleRoutes } from './pki/profiles/routes.ts';
import { revocationRoutes } from './pki/revocation/routes.ts';
import { timestampRoutes } from './pki/timestamps/routes.ts';
import { pushRoutes } from './push/routes.ts';
import type { DispatcherParts } from './push/webhooks/deliveries/dispatcher.ts';
import { recordDeliveries } from './push/webhooks/deliveries/record.ts';
import { type WebhookRouteParts, webhookRoutes } from './push/webhooks/routes.ts';
import { sbomRoutes } from './releases/evidence/routes.ts';
import { vulnerabilityRoutes } from './releases/evidence/vulnerabilities/routes.ts';
import { rejudgeAfter } from './releases/gate/admit.ts';
import { evidenceRoutes } from './releases/gate/documents/routes.ts';
import { policyRoutes } from './releases/gate/policies/routes.ts';
import { releaseRoutes } from './releases/lifecycle/routes.ts';
import { projectRoutes } from './releases/projects/routes.ts';
import { pageRoutes } from './releases/public/pages/routes.ts';
import { downloadRoutes, publicRoutes } from './releases/public/routes.ts';
import { rescanRoutes } from './releases/rescan/routes.ts';
import { uploadRoutes } from './releases/uploads/routes.ts';
import { pkiParts, type Resources } from './resources.ts';
import { keepLog, logFailure, refreshAndLog, runOften } from './schedules.ts';
import type { Bus } from './storage/bus.ts';
import { logRoutes } from './trust/log/routes.ts';
import { trustRoutes } from './trust/routes.ts';
import { subscribeAuthors } from './watch/authors/changed-keys.ts';
import { keepBudgets } from './watch/observing/budget.ts';
import { createObserving, type Observing } from './watch/observing/scheduler.ts';
import { subscribeObserving } from './watch/observing/subscribe.ts';
import { createFindPublisherKeys } from './watch/publisher-keys/find-keys.ts';
import type { Ask } from './watch/readers/ask.ts';
import { openReaders } from './watch/readers/open.ts';
import { createAsk } from './watch/readers/send-question.ts';
import { watchRoutes } from './watch/routes.ts';
import { listPluginFacts } from './wordpress/plugin/page-facts.ts';
import { readAfter } from './wordpress/plugin/reading.ts';
import { preflightAfter } from './wordpress/preflight/preflight.ts';
import { wordpressRoutes } from './wordpress/routes.ts';
import { findPackageSignature } from './wordpress/updates/signature.ts';

/** The planes' routers; those that match any first segment come last. */
export function createPlanes(resources: Resources): OpenAPIHono<AppEnv>[] {
  const withBase = { ...resources, baseUrl: resources.config.baseUrl };
  return [
    trustRoutes(resources),
    logRoutes(resources),
    authorityRoutes({ ...resources, ...pkiParts(resources) }),
    authorityPublicRoutes(pkiParts(resources)),
    certificateDownloadRoutes(resources),
    timestampRoutes(pkiParts(resources)),
    ruleRoutes(resources),
    // Before those with `{id}`, which match any word.
    consistencyRoutes({ ...pkiParts(resources), ...resources.revocation }),
    certificateRoutes({ ...resources, ...pkiParts(resources) }),
    acmeDirectoryRoutes(resources),
    acmeRoutes({ ...resources, ...resources.acme, pkiUrl: resources.config.pkiUrl }),
    revocationRoutes({ ...pkiParts(resources), ...resources.revocation, log: resources.log }),
    accessRoutes(resources),
    trustRootRoutes(trustRootParts(resources), resources.trustRoots),
    publisherRoutes(publisherParts(resources)),
    projectRoutes(resources),
    ...moduleRoutes(withBase),
    releaseRoutes(withBase),
    policyRoutes(resources),
    evidenceRoutes(resources),
    uploadRoutes(resources),
    snapshotRoutes(resources),
    sbomRoutes(resources),
    vulnerabilityRoutes(resources),
    rescanRoutes(resources),
    ...wordpressRoutes(withBase),
    ...watchRoutes(withBase),
    notificationRoutes(resources),
    webhookRoutes(webhookParts(resources)),
    pushRoutes(resources),
    doctorRoutes(resources),
    overviewRoutes(resources),
    backupRoutes(resources),
    publicRoutes(withBase),
    pageRoutes({
      ...withBase,
      projectList: resources.config.projectList,
      listFacts: (where) => listPluginFacts(resources, where),
    }),
    downloadRoutes({
      ...withBase,
      findSignature: (where, file) => findPackageSignature(resources, where, file),
    }),
  ];
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
  bus.subscribe('upload.accepted', (event) => preflightAfter(resources, event));
  for (const topic of ['upload.accepted', 'upload.refused']) {
    bus.subscribe(topic, (event) => settleAfter(resources, event));
  }
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
  subscribeAuthors(resources, bus);
  // What could not be signed while the vault was locked; other events do not wait for it.
  bus.subscribe('vault.unlocked', async () => {
    await keepLog(resources);
    void runOften(resources);
    void logFailure(resources, refreshAndLog);
  });
}
