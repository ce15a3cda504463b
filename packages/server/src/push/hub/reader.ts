/** Whom a connection belongs to. */

/** Whom a connection belongs to. */
export interface Reader {
  /** Session or API key by id; undefined for strangers, who hear public channels alone. */
  readonly principal: { readonly kind: 'session' | 'api-key'; readonly id: string } | undefined;
  /** As the limits count it. */
  readonly address: string;
}
