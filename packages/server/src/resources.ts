/** What is open while the server runs. */

import type { Logger } from 'pino';
import type { Passwords } from './accounts/passwords.ts';
import type { Envelope } from './backup/age/encryption.ts';
import type { RestoreDesk } from './backup/desk.ts';
import type { Config } from './config.ts';
import type { InspectSbom } from './evidence/sboms/inspection.ts';
import type { EvidenceSources } from './evidence/sources.ts';
import type { Spool } from './evidence/spool.ts';
import type { TrustRootRefresher } from './evidence/trust-roots/refresh.ts';
import type { BuiltFiles } from './http/built-files.ts';
import type { Fetch } from './http/outgoing/fetch.ts';
import type { PreparedAnswers } from './http/prepared.ts';
import type { RasterDecoding } from './images/raster/decode.ts';
import type { NotificationParts } from './notifications/parts.ts';
import type { AcmeState } from './pki/acme/state.ts';
import type { AuthorityParts } from './pki/authorities/authority.ts';
import type { WeakKeys } from './pki/profiles/weak-keys.ts';
import type { Revocation } from './pki/revocation/revocation.ts';
import type { Push } from './push/push.ts';
import type { AttemptCounts } from './push/webhooks/metrics.ts';
import type { Catalogues } from './releases/projects/catalogues.ts';
import type { DownloadCounter } from './releases/public/statistics.ts';
import type { Scanner } from './releases/scanner/clamd.ts';
import type { PartFiles } from './releases/uploads/part-files.ts';
import type { Blobs } from './storage/blobs.ts';
import type { Database } from './storage/database.ts';
import type { Swap } from './storage/swap/staged.ts';
import type { Vault } from './vault/vault.ts';
import type { WatchWork } from './watch/routes.ts';

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
  /** Pictures that are handed in. One for the process: callers take turns. */
  readonly pictures: RasterDecoding;
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
  /** What was built for the public pages. */
  readonly pageScripts: BuiltFiles;
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

/** What authorities and all that they sign work with. */
export function pkiParts({ database, vault, now, config, weakKeys }: Resources): AuthorityParts {
  return { database, vault, now, pkiUrl: config.pkiUrl, weakKeys };
}
