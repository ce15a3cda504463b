/** Names of packages in OSV's ecosystems and in package URLs, brought into one form: `type/name`. */

/** An ecosystem of OSV: the package URL type, and how its names are written. */
interface Ecosystem {
  /** The type, for distributions with the namespace after it. */
  readonly prefix: string;
  readonly normalize: (name: string) => string;
}

const keep = (name: string) => name;
const lowerCase = (name: string) => name.toLowerCase();

const ecosystems: Readonly<Record<string, Ecosystem>> = {
  npm: { prefix: 'npm', normalize: keep },
  // PEP 503: runs of `-`, `_` and `.` are one hyphen.
  PyPI: { prefix: 'pypi', normalize: (name) => name.toLowerCase().replaceAll(/[-_.]+/g, '-') },
  Go: { prefix: 'golang', normalize: lowerCase },
  'crates.io': { prefix: 'cargo', normalize: keep },
  Packagist: { prefix: 'composer', normalize: lowerCase },
  Debian: { prefix: 'deb/debian', normalize: lowerCase },
  Ubuntu: { prefix: 'deb/ubuntu', normalize: lowerCase },
  RubyGems: { prefix: 'gem', normalize: keep },
  NuGet: { prefix: 'nuget', normalize: lowerCase },
  Hex: { prefix: 'hex', normalize: lowerCase },
  Pub: { prefix: 'pub', normalize: lowerCase },
  Maven: { prefix: 'maven', normalize: (name) => name.replace(':', '/') },
};

/** The ecosystems that a snapshot may be of. */
export const ecosystemNames: readonly string[] = Object.keys(ecosystems);

/** `Debian:12` as `Debian` and `12`. */
export function splitEcosystem(text: string): { readonly name: string; readonly branch: string | undefined } {
  const at = text.indexOf(':');
  return at < 0 ? { name: text, branch: undefined } : { name: text.slice(0, at), branch: text.slice(at + 1) };
}

/** The key of a package as OSV names it; undefined for an ecosystem that is not known here. */
export function keyOfPackage(ecosystem: string, name: string): string | undefined {
  const known = Object.hasOwn(ecosystems, ecosystem) ? ecosystems[ecosystem] : undefined;
  return known && `${known.prefix}/${known.normalize(name)}`;
}

/** The same for a component, by the type and name of its package URL, and the ecosystem that it belongs to. */
export function keyOfComponent(
  type: string,
  name: string,
): { readonly ecosystem: string; readonly key: string } | undefined {
  const found = Object.entries(ecosystems).find(([, { prefix }]) =>
    prefix.includes('/') ? `${type}/${name}`.startsWith(`${prefix}/`) : prefix === type,
  );
  if (!found) return undefined;
  const [ecosystem, { prefix, normalize }] = found;
  const bare = `${type}/${name}`.slice(prefix.length + 1);
  return { ecosystem, key: `${prefix}/${normalize(bare)}` };
}
