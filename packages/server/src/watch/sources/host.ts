/** Hosts in one form (WHATWG URL, host parsing; RFC 3986, 3.2.2): lower case, ASCII, no trailing dot, no default port. */

/** A host with its port, and how it is spoken to. */
export interface Host {
  /** `host`, `host:port` or `[v6]:port`. */
  readonly name: string;
  /** A service on this machine speaks plain HTTP, all others HTTPS. */
  readonly scheme: 'http' | 'https';
}

/** Parses a host, with or without a port. `undefined`: it is none. */
export function parseHost(text: string): Host | undefined {
  const [, host = '', port] = /^(\[[0-9A-Fa-f:.]+\]|[^\s:/?#@[\]\\%]+)(?::([0-9]{1,5}))?$/.exec(text) ?? [];
  const url = host !== '' && URL.canParse(`https://${host}`) ? new URL(`https://${host}`) : undefined;
  const name = url?.hostname.replace(/\.$/, '') ?? '';
  if (name === '' || name.endsWith('.') || name.length > 253) return undefined;
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return undefined;
  const scheme = isLoopback(name) ? 'http' : 'https';
  const isDefault = port === undefined || Number(port) === (scheme === 'http' ? 80 : 443);
  return { name: isDefault ? name : `${name}:${Number(port)}`, scheme };
}

function isLoopback(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(?:\.\d+){3}$/.test(name);
}
