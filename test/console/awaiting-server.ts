/** A server as `signpost init` leaves it without `--email`: nobody is there, there is no vault, and a link makes the first admin. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '../../packages/server/src/main.ts';
import { awaitFirstAdmin } from '../../packages/server/src/setup.ts';
import { createQuickPasswords } from '../../packages/server/test/accounts/quick-passwords.ts';

const quick = { vaultCost: { passes: 1, memoryKib: 64, parallelism: 1 }, passwords: createQuickPasswords() };

/** A server without people. */
export interface AwaitingServer {
  readonly base: string;
  /** Where the first admin is made, once. */
  readonly link: string;
  /** What stands behind the `#` of the link. */
  readonly token: string;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Starts one. */
export async function startAwaitingServer(): Promise<AwaitingServer> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-console-'));
  const environment = { SIGNPOST_DATA: join(folder, 'data'), SIGNPOST_LISTEN: '127.0.0.1:0' };
  const request = { organisationName: 'Fresh', masterPassword: undefined };
  const { setupLink } = await awaitFirstAdmin(environment, request, quick);
  const settings = {
    ...environment,
    ...{ SIGNPOST_SCAN: 'off', SIGNPOST_LOG_LEVEL: 'fatal' },
    ...{ SIGNPOST_READS_PER_MINUTE: '0', SIGNPOST_LOGINS_PER_MINUTE: '1000' },
  };
  const running = await serve(settings, { passwords: quick.passwords });
  const { pathname, hash } = new URL(setupLink);
  return {
    base: running.url,
    // The port is known only now.
    link: `${running.url}${pathname}${hash}`,
    token: hash.slice(1),
    stop: async () => {
      await running.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
