/** The host that a source is read from, as far as its key tells: looks at one host share a budget. */

/** `host` or `host:port`; for packages, whose registry the configuration names, the ecosystem's name. */
export function hostOf(key: string): string {
  const colon = key.indexOf(':');
  const [ecosystem, name] = [key.slice(0, colon), key.slice(colon + 1)];
  if (ecosystem === 'npm') return ecosystem;
  if (ecosystem === 'feed') return URL.parse(name)?.host ?? name;
  return name.slice(0, Math.max(name.indexOf('/'), 0)) || name;
}
