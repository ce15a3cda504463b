/** Suffixes under which anybody may register names: no wildcard and no permission stands for all of one. */

/** What country registries put before their own label. */
const secondLevel: ReadonlySet<string> = new Set([
  ...[
    'ac',
    'art',
    'asn',
    'biz',
    'co',
    'com',
    'coop',
    'ed',
    'edu',
    'fin',
    'firm',
    'gen',
    'go',
    'gob',
    'gouv',
    'gov',
    'govt',
  ],
  ...[
    'gv',
    'id',
    'ind',
    'inf',
    'info',
    'int',
    'k12',
    'law',
    'lg',
    'ltd',
    'me',
    'mil',
    'mod',
    'name',
    'ne',
    'net',
    'nhs',
  ],
  ...['nic', 'nom', 'or', 'org', 'plc', 'police', 'pro', 'pub', 'sch', 'school', 'tm', 'tv', 'web'],
]);

/** Well-known hosts of strangers' sites. The full list (publicsuffix.org) changes weekly and is not part of Signpost. */
const shared: ReadonlySet<string> = new Set([
  ...[
    'appspot.com',
    'azurewebsites.net',
    'blogspot.com',
    'cloudapp.net',
    'cloudfront.net',
    'duckdns.org',
    'dyndns.org',
  ],
  ...['elasticbeanstalk.com', 'firebaseapp.com', 'fly.dev', 'github.io', 'gitlab.io', 'glitch.me', 'herokuapp.com'],
  ...[
    'myshopify.com',
    'netlify.app',
    'ngrok.io',
    'no-ip.org',
    'onrender.com',
    'pages.dev',
    'readthedocs.io',
    's3.amazonaws.com',
  ],
  ...['surge.sh', 'vercel.app', 'web.app', 'wixsite.com', 'wordpress.com', 'workers.dev'],
]);

/** Top-level domains that belong to whoever runs the network (RFC 6761, RFC 8375, ICANN's `internal`). */
export const privateDomains: readonly string[] = [
  'internal',
  'home.arpa',
  'test',
  'localhost',
  'example',
  'invalid',
  'local',
];

/**
 * Whether names directly below `host` belong to different people, as far as can be said without the full list: a top-level
 * domain, a registry's second level, or a well-known shared host.
 */
export function isPublicSuffix(host: string): boolean {
  const labels = host.toLowerCase().split('.');
  const [first = '', second = '', ...others] = labels;
  if (others.length > 0) return shared.has(labels.join('.'));
  if (second === '') return true;
  return (second.length === 2 && secondLevel.has(first)) || shared.has(`${first}.${second}`);
}
