/** What ACME keeps in memory while the server runs; none of it must outlive a restart. */
import { AccountKeys } from './accounts/account-key.ts';
import { HourlyLimits } from './requests/hourly-limits.ts';
import { Nonces } from './requests/nonces.ts';
import { createResolver, type Resolver } from './validation/resolver.ts';

/** Shared by the routes and the validation. */
export interface AcmeState {
  readonly nonces: Nonces;
  readonly keys: AccountKeys;
  readonly limits: HourlyLimits;
  readonly resolver: Resolver;
}

/** An empty state. `dnsServers` as in SIGNPOST_DNS_SERVERS. */
export function createAcmeState({
  dnsServers,
  now,
}: {
  readonly dnsServers: readonly string[];
  readonly now: () => number;
}): AcmeState {
  return {
    nonces: new Nonces(),
    keys: new AccountKeys(),
    limits: new HourlyLimits(now),
    resolver: createResolver(dnsServers),
  };
}
