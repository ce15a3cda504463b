/** Names for validation: asked of the servers that the operator names, or as the machine does. */
import { Resolver as DnsResolver, lookup } from 'node:dns/promises';
import { AcmeProblem } from '../problem.ts';

/** Finds what validation needs of the DNS. */
export interface Resolver {
  /** The addresses of a host, version 6 and 4. Throws `dns` when it has none or nobody answers. */
  findAddresses(host: string): Promise<readonly string[]>;
  /** The texts at a name, parts of one record joined; empty when there are none. Throws `dns` when nobody answers. */
  findTexts(name: string): Promise<readonly string[]>;
}

/** Answers that say "not here", which the next attempt may find. */
const absent: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA']);
const timeoutMs = 2500;

/** A resolver over `servers` (`address` or `address:port`); without any, over the machine's own, hosts file included. */
export function createResolver(servers: readonly string[]): Resolver {
  const dns = new DnsResolver({ timeout: timeoutMs, tries: 2 });
  if (servers.length > 0) dns.setServers(servers);
  const ask = async (question: () => Promise<readonly string[]>) =>
    question().catch((error: unknown) => {
      if (absent.has(codeOf(error))) return [];
      throw error;
    });
  return {
    findTexts: async (name) => {
      const records = await dns.resolveTxt(name).catch((error: unknown) => {
        if (absent.has(codeOf(error))) return [];
        throw refuse(name, error);
      });
      return records.map((parts) => parts.join(''));
    },
    findAddresses: async (host) => {
      const families = await Promise.allSettled([ask(() => dns.resolve6(host)), ask(() => dns.resolve4(host))]);
      const found = families.flatMap((family) => (family.status === 'fulfilled' ? family.value : []));
      if (found.length > 0) return found;
      const failed = families.find((family) => family.status === 'rejected');
      if (failed) throw refuse(host, failed.reason);
      const own = servers.length === 0 ? await lookup(host, { all: true }).catch(() => []) : [];
      if (own.length === 0) throw new AcmeProblem('dns', `expected addresses of ${host} in the DNS, got none`);
      return own.map(({ address }) => address);
    },
  };
}

function refuse(name: string, cause: unknown): AcmeProblem {
  return new AcmeProblem('dns', `expected an answer on ${name} from the DNS, got ${codeOf(cause) ?? 'none'}`, {
    cause,
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
