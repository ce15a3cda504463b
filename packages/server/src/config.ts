/** All settings of the server. The comments are the manual; `parseConfig` reports every problem at once. */

/** The settings, parsed. Each comment names its environment variable and the default. */
export interface Config {
  /** SIGNPOST_DATA (`./data`): the folder that holds everything: database, blobs, uploads, the public tree. */
  readonly dataDir: string;
  /** SIGNPOST_DATABASE (SQLite in the data folder): a `postgres://` URL. Give its password by PGPASSFILE, not in the URL. */
  readonly databaseUrl: string | undefined;
  /** SIGNPOST_LISTEN (`127.0.0.1:8787`): address and port; port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** SIGNPOST_BASE_URL (`http://` and the address listened on): how clients reach this server, without a trailing slash. */
  readonly baseUrl: string | undefined;
  /** SIGNPOST_TRUSTED_PROXIES (none): addresses or CIDR ranges, comma-separated, whose X-Forwarded-For counts. */
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
  /** SIGNPOST_READS_PER_MINUTE (60): public reads a minute and address; 0 lifts the limit. */
  readonly readsPerMinute: number;
  /** SIGNPOST_LOGINS_PER_MINUTE (5): log-ins a minute and address, successful ones counted. */
  readonly loginsPerMinute: number;
  /** SIGNPOST_LOG_LEVEL (`info`): fatal, error, warn, info, debug, trace or silent. */
  readonly logLevel: string;
}
