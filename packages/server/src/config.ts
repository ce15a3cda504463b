/** All settings of the server. The comments are the manual; `parseConfig` reports every problem at once. */
import { type Environment, Reader, type Variable } from './config-reader.ts';
import {
  between,
  choose,
  type PhpVersion,
  parseBaseUrl,
  parseBus,
  parseDatabaseUrl,
  parseListen,
  parsePaths,
  parseRanges,
  parseRecipients,
  parseRepositoryHosts,
  parseRoots,
  parseSender,
  parseServers,
  parseSmtpUrl,
  parseText,
  parseWatchHosts,
  phpVersions,
  type SmtpServer,
  type WatchHost,
} from './config-values.ts';

/** The settings, parsed. Each comment names its environment variable and the default. */
export interface Config {
  /** SIGNPOST_DATA (`./data`): the folder that holds everything: database, blobs, uploads, the public tree. */
  readonly dataDir: string;
  /** SIGNPOST_DATABASE (SQLite in the data folder): a `postgres://` URL. Give its password by PGPASSFILE, not in the URL. */
  readonly databaseUrl: string | undefined;
  /** SIGNPOST_LISTEN (`127.0.0.1:8787`): address and port; port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /**
   * SIGNPOST_TLS_CERT and SIGNPOST_TLS_KEY (none: plain HTTP): the server's chain and key in PEM files, read again when they
   * change. Or SIGNPOST_TLS_AUTHORITY: an authority of the default organisation that issues and renews the server's certificate.
   */
  readonly tls: TlsConfig | undefined;
  /**
   * SIGNPOST_CLIENT_CERTIFICATES (`off`: none counts): `request` asks clients for a certificate, which browsers that hold some ask
   * people about, and believes the Client-Cert header of SIGNPOST_TRUSTED_PROXIES, all of which must then set it on every request.
   */
  readonly clientCertificates: 'off' | 'request';
  /** SIGNPOST_HTTP_LISTEN (none): beside TLS, where CRLs, OCSP, timestamps and ACME answer in the clear. */
  readonly plainListen: { readonly host: string; readonly port: number } | undefined;
  /** SIGNPOST_BASE_URL (`http://` and the address listened on): how clients reach this server, without a trailing slash. */
  readonly baseUrl: string | undefined;
  /**
   * SIGNPOST_PKI_URL (SIGNPOST_BASE_URL): what stands in certificates as the address of revocation lists and the like. Plain
   * `http://` is best: clients ask there before they trust any certificate.
   */
  readonly pkiUrl: string | undefined;
  /**
   * SIGNPOST_WEAK_KEYS (none): lists of RSA keys that are certified for nobody, in the form of Debian's openssl-blacklist: files, or folders of files, separated by commas. They are
   * read at the start, which fails when one is damaged.
   */
  readonly weakKeyLists: readonly string[];
  /** SIGNPOST_TRUSTED_PROXIES (none): addresses or CIDR ranges, comma-separated, whose X-Forwarded headers count. */
  readonly trustedProxies: readonly string[];
  /** SIGNPOST_TRUST_ROOT (none): base64 root keys, comma-separated; the start fails when the pinned ones differ. */
  readonly trustRoots: readonly string[];
  /** SIGNPOST_VAULT_PASSWORD_FILE (none): a file whose first line unlocks the vault at start (a service credential). */
  readonly vaultPasswordFile: string | undefined;
  /** SIGNPOST_CLAMD (`/run/clamav/clamd.ctl`): a socket path or `host:port` of clamd. */
  readonly clamd: string;
  /** SIGNPOST_SCAN (`required`): `off` accepts uploads unscanned, and says so in manifest and badge. */
  readonly scan: 'required' | 'off';
  /** SIGNPOST_MAX_UPLOAD_MB (2048): the largest file taken, in MiB. */
  readonly maxUploadMb: number;
  /** MAX_UNCOMPRESSED_MB (500): what an archive may unpack to, in MiB, measured while inflating. */
  readonly maxUncompressedMb: number;
  /** SIGNPOST_MAX_SBOM_MB (64): the largest SBOM or VEX document taken, in MiB. */
  readonly maxSbomMb: number;
  /** SIGNPOST_READS_PER_MINUTE (60): public reads a minute and address; 0 lifts the limit. */
  readonly readsPerMinute: number;
  /** SIGNPOST_LOGINS_PER_MINUTE (5): log-ins a minute and address, successful ones counted. */
  readonly loginsPerMinute: number;
  /** SIGNPOST_ACME_PER_MINUTE (600): requests to ACME a minute and address; 0 lifts the limit. */
  readonly acmePerMinute: number;
  /** SIGNPOST_DNS_SERVERS (the machine's): `address` or `address:port`, comma-separated, whom ACME asks about names. */
  readonly dnsServers: readonly string[];
  /**
   * SIGNPOST_OUTGOING (`on`): `off` makes no request to anybody for evidence: trusted roots and the like come by upload alone. ACME, which asks
   * the hosts that order, is not meant.
   */
  readonly outgoing: 'on' | 'off';
  /**
   * SIGNPOST_OUTGOING_ADDRESSES (`private`): where repositories that admins name may be: `public` addresses alone, private networks, or
   * `any`: this machine, too, and plain http:// where the address is not public.
   */
  readonly outgoingAddresses: 'public' | 'private' | 'any';
  /**
   * SIGNPOST_BUS (`memory`: none): tells other processes of events, too (docs/bus.md): `postgres`, by the database of the server, or `nats://host:port`,
   * `tls://host:port`, several separated by commas. SIGNPOST_BUS_CREDENTIALS names a file of NATS credentials.
   */
  readonly bus: BusConfig;
  /**
   * SIGNPOST_WEBHOOK_ADDRESSES (`public`): where webhooks may post to: `public` addresses alone, `private` networks too, or `any`: this machine as
   * well, and plain http:// where the address is not public.
   */
  readonly webhookAddresses: 'public' | 'private' | 'any';
  /** SIGNPOST_WEBHOOK_ROTATION_HOURS (24): how long the key of a webhook goes on signing beside the one that took its place. */
  readonly webhookRotationHours: number;
  /** SIGNPOST_WEBHOOK_FAILURE_DAYS (5): a webhook that has taken nothing for so many days is switched off. */
  readonly webhookFailureDays: number;
  /**
   * SIGNPOST_SMTP_URL (none: no mail is sent): who takes mail: `smtps://user@host:465`, or `smtp://user@host:587`, which must know STARTTLS unless it
   * is this machine. SIGNPOST_SMTP_PASSWORD_FILE names a file whose first line is the password of the user; SIGNPOST_MAIL_FROM is the sender's address.
   */
  readonly mail: MailConfig | undefined;
  /** SIGNPOST_PUSH_CONNECTIONS (20000): how many may listen at once; 0 lifts the limit. */
  readonly pushConnections: number;
  /** SIGNPOST_PUSH_CONNECTIONS_PER_ADDRESS (100): how many of them from one address; 0 lifts the limit. */
  readonly pushConnectionsPerAddress: number;
  /**
   * SIGNPOST_PUSH_FRAMES_PER_SECOND (0): the pace of one connection after 10 frames at once; what comes faster is sent together with
   * the next heartbeat, within 5 seconds. Word of keys is never held up. 0: everything goes out at once.
   */
  readonly pushFramesPerSecond: number;
  /** SIGNPOST_PUSH_KEEP_FRAMES (100000): frames kept of each channel for those who were away. */
  readonly pushKeepFrames: number;
  /** SIGNPOST_PUSH_KEEP_DAYS (30): for how long, at most. */
  readonly pushKeepDays: number;
  /**
   * SIGNPOST_WATCH_HOSTS (none): hosts of watched sources that are not public, with their ports, separated by commas: `registry.corp:5000`. One that
   * speaks HTTP without TLS is written `http://host:port`. Those on this machine must be named, too.
   */
  readonly watchHosts: readonly WatchHost[];
  /** SIGNPOST_DOCKER_CONFIG (none): Docker's `config.json`, whose credentials watched registries are asked with; read again for each. */
  readonly dockerConfigFile: string | undefined;
  /**
   * SIGNPOST_NPMRC (none: packages of npm cannot be watched): a file as npm's own settings, which names registries and holds the credentials for
   * them. It is read again for each look.
   */
  readonly npmrcFile: string | undefined;
  /**
   * SIGNPOST_ADMISSIONS_PER_MINUTE (3000): reviews of what a cluster is about to run, a minute and credential, and address; beyond it every image is unknown,
   * and the policy says what that means. 0 lifts the limit.
   */
  readonly admissionsPerMinute: number;
  /**
   * SIGNPOST_WORDPRESS_HOSTS (`plugins.svn.wordpress.org`): hosts of Subversion repositories that plugins are deployed to, separated by commas. Passwords
   * are shown to these alone, over TLS; one without it is written `http://host:port` or `svn://host:port`.
   */
  readonly wordpressHosts: readonly string[];
  /** SIGNPOST_WORDPRESS_CA (none): a file of certificates (PEM) of authorities that repositories are believed by, besides those of the machine. */
  readonly wordpressCaFile: string | undefined;
  /** SIGNPOST_PHPCS (`phpcs`): PHP_CodeSniffer, by which plugins are judged before they are deployed: a path, or a name on the system's path. */
  readonly phpcs: string;
  /** SIGNPOST_PHPCS_STANDARD (none: no standard but our own rules of security): a folder with a ruleset, or the name of a standard that it knows. */
  readonly phpcsStandard: string | undefined;
  /** SIGNPOST_PHP_TARGET (`7.4`): the PHP that plugins must parse with, where their project names no other one. */
  readonly phpTarget: PhpVersion;
  /** SIGNPOST_WP_CLI (`wp`): WP-CLI, which runs Plugin Check. */
  readonly wpCli: string;
  /** SIGNPOST_WORDPRESS_PATH (none: Plugin Check is not run): a WordPress with Plugin Check active in it. */
  readonly wordpressPath: string | undefined;
  /** SIGNPOST_CONSOLE (`on`): `off` serves no console at `/console/`; the API is the same. */
  readonly console: 'on' | 'off';
  /** SIGNPOST_PROJECT_LIST (`off`): `on` lists at `/info`, for everybody, the projects of which something is published. */
  readonly projectList: 'on' | 'off';
  /** SIGNPOST_BACKUP_DIR (`backups` in the data folder): where the server keeps backups; another disk is better. */
  readonly backupDir: string | undefined;
  /** SIGNPOST_BACKUP_RECIPIENTS (none): public keys of age, comma-separated; with one, a backup is made every night. */
  readonly backupRecipients: readonly string[];
  /** SIGNPOST_BACKUP_KEEP (7): after a nightly backup, those of so many days are kept and older ones removed. */
  readonly backupKeepDays: number;
  /** SIGNPOST_RESTORE_MAX_MB (5120): the largest backup taken for a restore, in MiB. */
  readonly restoreMaxMb: number;
  /** SIGNPOST_RESTORE_MAX_UNPACKED_MB (10240): what a backup may unpack to, in MiB. */
  readonly restoreMaxUnpackedMb: number;
  /** The whole environment, for files of credentials that name its variables and programs that hold some. */
  readonly environment: Environment;
  /** SIGNPOST_LOG_LEVEL (`info`): fatal, error, warn, info, debug, trace or silent. */
  readonly logLevel: string;
}

/** What carries events to other processes. */
type BusConfig =
  | { readonly kind: 'memory' | 'postgres' }
  | { readonly kind: 'nats'; readonly servers: readonly string[]; readonly credentialsFile: string | undefined };

/** Who takes mail, and from whom. */
interface MailConfig {
  readonly server: SmtpServer;
  readonly from: string;
  readonly passwordFile: string | undefined;
}

/** Where the server's own certificate comes from. */
type TlsConfig =
  | { readonly kind: 'files'; readonly certFile: string; readonly keyFile: string }
  | { readonly kind: 'authority'; readonly authority: string };

/** Reads the settings. Throws `ConfigError` with all problems. */
export function parseConfig(env: Environment): Config {
  const reader = new Reader(env);
  const config = readConfig(reader);
  reader.assertSound();
  return config;
}

function readConfig(reader: Reader): Config {
  const baseUrl = reader.readShown('SIGNPOST_BASE_URL', parseBaseUrl, undefined);
  return {
    dataDir: reader.readShown('SIGNPOST_DATA', parseText, './data'),
    databaseUrl: reader.read('SIGNPOST_DATABASE', parseDatabaseUrl, undefined),
    listen: reader.readShown('SIGNPOST_LISTEN', parseListen, { host: '127.0.0.1', port: 8787 }),
    tls: readTls(reader),
    clientCertificates: reader.readShown('SIGNPOST_CLIENT_CERTIFICATES', choose('off', 'request'), 'off'),
    plainListen: reader.readShown('SIGNPOST_HTTP_LISTEN', parseListen, undefined),
    baseUrl,
    pkiUrl: reader.readShown('SIGNPOST_PKI_URL', parseBaseUrl, baseUrl),
    weakKeyLists: reader.readShown('SIGNPOST_WEAK_KEYS', parsePaths, []),
    trustedProxies: reader.readShown('SIGNPOST_TRUSTED_PROXIES', parseRanges, []),
    trustRoots: reader.readShown('SIGNPOST_TRUST_ROOT', parseRoots, []),
    vaultPasswordFile: reader.readShown('SIGNPOST_VAULT_PASSWORD_FILE', parseText, undefined),
    clamd: reader.readShown('SIGNPOST_CLAMD', parseText, '/run/clamav/clamd.ctl'),
    scan: reader.readShown('SIGNPOST_SCAN', choose('required', 'off'), 'required'),
    maxUploadMb: reader.readShown('SIGNPOST_MAX_UPLOAD_MB', between(1, 1_048_576), 2048),
    maxUncompressedMb: reader.readShown('MAX_UNCOMPRESSED_MB', between(1, 1_048_576), 500),
    maxSbomMb: reader.readShown('SIGNPOST_MAX_SBOM_MB', between(1, 256), 64),
    readsPerMinute: reader.readShown('SIGNPOST_READS_PER_MINUTE', between(0, 100_000), 60),
    loginsPerMinute: reader.readShown('SIGNPOST_LOGINS_PER_MINUTE', between(1, 1000), 5),
    acmePerMinute: reader.readShown('SIGNPOST_ACME_PER_MINUTE', between(0, 1_000_000), 600),
    dnsServers: reader.readShown('SIGNPOST_DNS_SERVERS', parseServers, []),
    outgoing: reader.readShown('SIGNPOST_OUTGOING', choose('on', 'off'), 'on'),
    outgoingAddresses: reader.readShown('SIGNPOST_OUTGOING_ADDRESSES', choose('public', 'private', 'any'), 'private'),
    bus: readBus(reader),
    webhookAddresses: reader.readShown('SIGNPOST_WEBHOOK_ADDRESSES', choose('public', 'private', 'any'), 'public'),
    webhookRotationHours: reader.readShown('SIGNPOST_WEBHOOK_ROTATION_HOURS', between(0, 720), 24),
    webhookFailureDays: reader.readShown('SIGNPOST_WEBHOOK_FAILURE_DAYS', between(1, 365), 5),
    mail: readMail(reader),
    pushConnections: reader.readShown('SIGNPOST_PUSH_CONNECTIONS', between(0, 1_000_000), 20_000),
    pushConnectionsPerAddress: reader.readShown('SIGNPOST_PUSH_CONNECTIONS_PER_ADDRESS', between(0, 1_000_000), 100),
    pushFramesPerSecond: reader.readShown('SIGNPOST_PUSH_FRAMES_PER_SECOND', between(0, 1_000_000), 0),
    pushKeepFrames: reader.readShown('SIGNPOST_PUSH_KEEP_FRAMES', between(1, 10_000_000), 100_000),
    pushKeepDays: reader.readShown('SIGNPOST_PUSH_KEEP_DAYS', between(1, 3650), 30),
    watchHosts: reader.readShown('SIGNPOST_WATCH_HOSTS', parseWatchHosts, []),
    dockerConfigFile: reader.readShown('SIGNPOST_DOCKER_CONFIG', parseText, undefined),
    npmrcFile: reader.readShown('SIGNPOST_NPMRC', parseText, undefined),
    admissionsPerMinute: reader.readShown('SIGNPOST_ADMISSIONS_PER_MINUTE', between(0, 1_000_000), 3000),
    wordpressHosts: reader.readShown('SIGNPOST_WORDPRESS_HOSTS', parseRepositoryHosts, [
      'https://plugins.svn.wordpress.org',
    ]),
    wordpressCaFile: reader.readShown('SIGNPOST_WORDPRESS_CA', parseText, undefined),
    phpcs: reader.readShown('SIGNPOST_PHPCS', parseText, 'phpcs'),
    phpcsStandard: reader.readShown('SIGNPOST_PHPCS_STANDARD', parseText, undefined),
    phpTarget: reader.readShown('SIGNPOST_PHP_TARGET', choose(...phpVersions), '7.4'),
    wpCli: reader.readShown('SIGNPOST_WP_CLI', parseText, 'wp'),
    wordpressPath: reader.readShown('SIGNPOST_WORDPRESS_PATH', parseText, undefined),
    console: reader.readShown('SIGNPOST_CONSOLE', choose('on', 'off'), 'on'),
    projectList: reader.readShown('SIGNPOST_PROJECT_LIST', choose('on', 'off'), 'off'),
    backupDir: reader.readShown('SIGNPOST_BACKUP_DIR', parseText, undefined),
    backupRecipients: reader.readShown('SIGNPOST_BACKUP_RECIPIENTS', parseRecipients, []),
    backupKeepDays: reader.readShown('SIGNPOST_BACKUP_KEEP', between(1, 3650), 7),
    restoreMaxMb: reader.readShown('SIGNPOST_RESTORE_MAX_MB', between(1, 1_048_576), 5120),
    restoreMaxUnpackedMb: reader.readShown('SIGNPOST_RESTORE_MAX_UNPACKED_MB', between(1, 1_048_576), 10_240),
    environment: reader.environment,
    logLevel: reader.readShown('SIGNPOST_LOG_LEVEL', choose(...logLevels), 'info'),
  };
}

function readBus(reader: Reader): BusConfig {
  const bus = reader.read('SIGNPOST_BUS', parseBus, { kind: 'memory' } as const);
  const credentialsFile = reader.readShown('SIGNPOST_BUS_CREDENTIALS', parseText, undefined);
  if (bus.kind === 'nats') return { ...bus, credentialsFile };
  if (credentialsFile !== undefined) reader.complain('SIGNPOST_BUS_CREDENTIALS: expected SIGNPOST_BUS to name NATS');
  if (bus.kind === 'postgres' && reader.read('SIGNPOST_DATABASE', parseText, undefined) === undefined) {
    reader.complain('SIGNPOST_BUS: expected SIGNPOST_DATABASE to name PostgreSQL');
  }
  return bus;
}

function readMail(reader: Reader): MailConfig | undefined {
  const server = reader.read('SIGNPOST_SMTP_URL', parseSmtpUrl, undefined);
  const passwordFile = reader.readShown('SIGNPOST_SMTP_PASSWORD_FILE', parseText, undefined);
  const from = reader.readShown('SIGNPOST_MAIL_FROM', parseSender, undefined);
  if (reader.isSet('SIGNPOST_SMTP_URL') !== reader.isSet('SIGNPOST_MAIL_FROM')) {
    reader.complain('SIGNPOST_SMTP_URL and SIGNPOST_MAIL_FROM: expected both or neither');
  }
  if ((server?.user === undefined) !== (passwordFile === undefined)) {
    reader.complain('SIGNPOST_SMTP_PASSWORD_FILE: expected it where SIGNPOST_SMTP_URL names a user, and there alone');
  }
  return server && from ? { server, from, passwordFile } : undefined;
}

function readTls(reader: Reader): Config['tls'] {
  const certFile = reader.readShown('SIGNPOST_TLS_CERT', parseText, undefined);
  const keyFile = reader.readShown('SIGNPOST_TLS_KEY', parseText, undefined);
  const authority = reader.readShown('SIGNPOST_TLS_AUTHORITY', parseText, undefined);
  if ((certFile === undefined) !== (keyFile === undefined)) {
    reader.complain('SIGNPOST_TLS_CERT and SIGNPOST_TLS_KEY: expected both or neither');
  }
  if (authority !== undefined && certFile !== undefined) {
    reader.complain('SIGNPOST_TLS_AUTHORITY: expected no SIGNPOST_TLS_CERT beside it');
  }
  if (certFile !== undefined && keyFile !== undefined) return { kind: 'files', certFile, keyFile };
  return authority === undefined ? undefined : { kind: 'authority', authority };
}

/** Variables that the command and the tests read. */
const foreignVariables = /^SIGNPOST_(?:SERVER|API_KEY|CLIENT_CERT|CLIENT_KEY|TEST_.*)$/;

/** The SIGNPOST_ variables that are set and that nobody reads, by name: most likely typing errors. */
export function findUnknownVariables(env: Environment): string[] {
  const reader = new Reader(env);
  readConfig(reader);
  return reader.listUnread().filter((name) => name.startsWith('SIGNPOST_') && !foreignVariables.test(name));
}

/** Every variable that the server reads, in the order in which it reads them first. */
export function listVariables(env: Environment): readonly Variable[] {
  const reader = new Reader(env);
  readConfig(reader);
  return reader.listRead();
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
