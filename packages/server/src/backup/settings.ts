/** The settings in force, as a backup shows them to whoever sets up the next server. */
import type { Config } from '../config.ts';

/**
 * Those that are shown, each by decision: a new one stays out until it is known to be no secret and no place of one machine. The
 * database's address may hold a password, and a path says nothing elsewhere.
 */
const shownSettings = [
  'listen',
  'plainListen',
  'baseUrl',
  'pkiUrl',
  'clientCertificates',
  'trustedProxies',
  'trustRoots',
  'scan',
  'maxUploadMb',
  'maxUncompressedMb',
  'maxSbomMb',
  'outgoing',
  'outgoingAddresses',
  'webhookAddresses',
  'webhookRotationHours',
  'webhookFailureDays',
  'pushConnections',
  'pushConnectionsPerAddress',
  'pushFramesPerSecond',
  'pushKeepFrames',
  'pushKeepDays',
  'readsPerMinute',
  'loginsPerMinute',
  'acmePerMinute',
  'dnsServers',
  'watchHosts',
  'admissionsPerMinute',
  'wordpressHosts',
  'phpTarget',
  'console',
  'projectList',
  'backupRecipients',
  'backupKeepDays',
  'restoreMaxMb',
  'restoreMaxUnpackedMb',
  'logLevel',
] as const satisfies readonly (keyof Config)[];

/** The settings of `config` that are shown. */
export function describeSettings(config: Config): Record<string, unknown> {
  return Object.fromEntries(shownSettings.map((name) => [name, config[name]]));
}
