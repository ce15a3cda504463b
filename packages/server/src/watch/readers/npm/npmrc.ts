/** Where packages are read from, and as whom, as npm's own settings say it (npm's documentation, "npmrc"). */

/** What readers want to know of the settings. */
export interface NpmSettings {
  /** The registry of a package, with a slash at its end; `undefined`: none is named. */
  registryOf(packageName: string): string | undefined;
  /** The headers that prove who asks; none for a registry that the settings have no credentials of. */
  credentialsOf(registry: string): Readonly<Record<string, string>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the text of an `.npmrc`. `${NAME}` is a variable of the environment. What says nothing about registries is passed over. */
export function parseNpmrc(text: string, environment: Environment): NpmSettings {
  const settings = new Map(text.split(/\r?\n/).flatMap((line) => parseLine(line, environment)));
  return {
    registryOf: (name) => {
      const scope = /^(@[^/]+)\//.exec(name)?.[1];
      const own = scope === undefined ? undefined : settings.get(`${scope}:registry`);
      return parseRegistry(own ?? settings.get('registry'));
    },
    credentialsOf: (registry) => findCredentials(settings, new URL(registry)),
  };
}

function parseLine(line: string, environment: Environment): [string, string][] {
  const [, key, rest] = /^\s*([^;#=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
  if (key === undefined || rest === undefined) return [];
  const value = /^"(.*)"$/.exec(rest)?.[1] ?? rest;
  return [[expand(key, environment), expand(value, environment)]];
}

/** What is not set stays as it stands, as with npm. */
function expand(text: string, environment: Environment): string {
  return text.replace(/\$\{([^}]+)\}/g, (whole, name: string) => environment[name] ?? whole);
}

function parseRegistry(text: string | undefined): string | undefined {
  const url = text === undefined ? null : URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return undefined;
  return `${url.origin}${url.pathname.replace(/\/*$/, '/')}`;
}

/** Those of the registry itself, or of the nearest folder above it. */
function findCredentials(settings: ReadonlyMap<string, string>, { host, pathname }: URL): Record<string, string> {
  for (let path = pathname; ; path = path.replace(/[^/]*\/$/, '')) {
    const place = `//${host}${path}`;
    // npm takes both.
    for (const key of new Set([place, place.replace(/\/$/, '')])) {
      const found = readCredentials(settings, key);
      if (found !== undefined) return { authorization: found };
    }
    if (path === '/' || path === '') return {};
  }
}

function readCredentials(settings: ReadonlyMap<string, string>, place: string): string | undefined {
  const token = settings.get(`${place}:_authToken`);
  if (token !== undefined) return `Bearer ${token}`;
  const pair = settings.get(`${place}:_auth`);
  if (pair !== undefined) return `Basic ${pair}`;
  const [name, password] = [settings.get(`${place}:username`), settings.get(`${place}:_password`)];
  if (name === undefined || password === undefined) return undefined;
  // The password alone is in base64.
  return `Basic ${Buffer.from(`${name}:${Buffer.from(password, 'base64')}`).toString('base64')}`;
}
