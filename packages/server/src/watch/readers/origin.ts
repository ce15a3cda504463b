/** How a host of a source is spoken to. */
import { parseHost } from '../sources/host.ts';

/** `https://host`; `http://` for this machine, and for hosts that are known to speak nothing else. */
export function originOf(host: string, plainHosts: ReadonlySet<string>): string {
  return `${plainHosts.has(host) ? 'http' : (parseHost(host)?.scheme ?? 'https')}://${host}`;
}
