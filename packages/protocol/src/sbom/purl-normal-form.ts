/** What the registered types of package URLs demand of namespace, name and version (purl-spec, types). */
import { TrustError } from '../errors.ts';

/** A package URL in its normal form, its parts decoded. What is absent is `undefined`. */
export interface Purl {
  /** Lower case. */
  readonly type: string;
  /** Segments, joined by `/`. */
  readonly namespace: string | undefined;
  readonly name: string;
  readonly version: string | undefined;
  /** By key, in the order of the keys; none is empty. */
  readonly qualifiers: ReadonlyMap<string, string>;
  /** Segments, joined by `/`. */
  readonly subpath: string | undefined;
}

interface TypeRule {
  readonly namespace?: 'required' | 'prohibited';
  /** Parts that are the same whatever their case, and are written in lower case. */
  readonly lowerCase?: readonly ('namespace' | 'name' | 'version')[];
  /** What the whole name must match. */
  readonly name?: RegExp;
  readonly version?: RegExp;
  /** Qualifiers without which nothing is named. */
  readonly qualifiers?: readonly string[];
}

const alone: TypeRule = { namespace: 'prohibited' };
const within: TypeRule = { namespace: 'required' };
const both: TypeRule['lowerCase'] = ['namespace', 'name'];

const rules: Readonly<Record<string, TypeRule>> = {
  alpm: { namespace: 'required', lowerCase: both },
  apk: { namespace: 'required', lowerCase: both },
  bazel: alone,
  bitbucket: { namespace: 'required', lowerCase: both },
  bitnami: { namespace: 'prohibited', lowerCase: ['name'] },
  brew: { lowerCase: both },
  cargo: alone,
  'chrome-extension': {
    namespace: 'prohibited',
    lowerCase: ['name'],
    name: /^[a-p]{32}$/,
    version: /^\d+(?:\.\d+){0,3}$/,
  },
  cocoapods: alone,
  composer: { namespace: 'required', lowerCase: both },
  conda: alone,
  // A distribution, not a module.
  cpan: { name: /^(?!.*::)/ },
  cran: alone,
  deb: { namespace: 'required', lowerCase: both },
  gem: alone,
  git: within,
  github: { namespace: 'required', lowerCase: both },
  golang: within,
  hackage: alone,
  hex: { lowerCase: both },
  huggingface: { namespace: 'required', lowerCase: ['version'] },
  julia: { namespace: 'prohibited', qualifiers: ['uuid'] },
  luarocks: { lowerCase: both },
  maven: within,
  mlflow: alone,
  nuget: alone,
  oci: { namespace: 'prohibited', lowerCase: ['name', 'version'] },
  opam: alone,
  otp: { namespace: 'prohibited', lowerCase: ['name'] },
  pub: { namespace: 'prohibited', lowerCase: ['name'] },
  pypi: { namespace: 'prohibited', lowerCase: ['name', 'version'] },
  qpkg: { namespace: 'required', lowerCase: ['namespace'] },
  rpm: { namespace: 'required', lowerCase: ['namespace'] },
  swid: { qualifiers: ['tag_id'] },
  swift: within,
  vcpkg: alone,
  'vscode-extension': { namespace: 'required', lowerCase: ['namespace', 'name', 'version'] },
  yocto: { lowerCase: ['namespace'] },
};

/** `purl` in the normal form of its type. Throws `malformed` when it breaks a rule of the type; types that are not registered have none. */
export function normalizePurl(purl: Purl): Purl {
  const rule = Object.hasOwn(rules, purl.type) ? rules[purl.type] : undefined;
  if (!rule) return purl;
  const normal = { ...purl };
  for (const part of rule.lowerCase ?? []) {
    const text = purl[part];
    if (text !== undefined) Object.assign(normal, { [part]: text.toLowerCase() });
  }
  const named = { ...normal, name: normalizeName(normal) };
  assertRule(named, rule);
  return named;
}

function normalizeName({ type, name, qualifiers }: Purl): string {
  // PEP 503 without its dots, which the type leaves alone.
  if (type === 'pypi') return name.replaceAll('_', '-');
  if (type === 'pub') return name.replace(/[^a-z0-9]/g, '_');
  // Databricks compares the names of models without their case, Azure with it.
  if (type === 'mlflow' && qualifiers.get('repository_url')?.includes('databricks')) return name.toLowerCase();
  return name;
}

function assertRule(purl: Purl, rule: TypeRule): void {
  const { type, namespace, name, version, qualifiers } = purl;
  if (rule.namespace === 'required' && namespace === undefined) throw refuse(type, 'a namespace', name);
  if (rule.namespace === 'prohibited' && namespace !== undefined) throw refuse(type, 'no namespace', namespace);
  if (rule.name && !rule.name.test(name)) throw refuse(type, 'a name of its type', name);
  if (rule.version && version !== undefined && !rule.version.test(version))
    throw refuse(type, 'a version of its type', version);
  const missing = rule.qualifiers?.find((key) => !qualifiers.has(key));
  if (missing !== undefined) throw refuse(type, `the qualifier "${missing}"`, name);
}

function refuse(type: string, expected: string, got: string): TrustError {
  return new TrustError(
    'malformed',
    `expected a package URL of type ${type} with ${expected}, got ${JSON.stringify(got.slice(0, 100))}`,
  );
}
