/** What ACME keeps in memory while the server runs; none of it must outlive a restart. */
import type { Logger } from 'pino';
import { AccountKeys } from './accounts/account-key.ts';
import { HourlyLimits } from './requests/hourly-limits.ts';
import { Nonces } from './requests/nonces.ts';
import { createResolver, type Resolver } from './validation/resolver.ts';

import { type ValidationParts, Validations } from './validation/validations.ts';

/** Shared by the routes and the validation. */
export interface AcmeState {
  readonly nonces: Nonces;
  readonly keys: AccountKeys;
  readonly limits: HourlyLimits;
  readonly resolver: Resolver;
  readonly validations: Validations;
}

/** What the state is made with. `dnsServers` as in SIGNPOST_DNS_SERVERS; a resolver of one's own goes before them. */
export interface AcmeStateParts extends Pick<ValidationParts, 'database' | 'now' | 'pausesMs' | 'patienceMs'> {
  readonly log: Logger;
  readonly dnsServers: readonly string[];
  readonly resolver?: Resolver;
}

/** An empty state. */
export function createAcmeState(parts: AcmeStateParts): AcmeState {
  const limits = new HourlyLimits(parts.now);
  const resolver = parts.resolver ?? createResolver(parts.dnsServers);
  const validations = new Validations({ ...parts, limits, resolver });
  return { nonces: new Nonces(), keys: new AccountKeys(), limits, resolver, validations };
}
