/** CycloneDX XML as a tree, to be damaged: what each version of the standard has, from the first to the newest. */

/** An element: its name, its attributes, and its text or what is in it. */
export interface XmlNode {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly content: string | readonly XmlNode[];
}

/** The versions that are read. */
export const versions = ['1.2', '1.3', '1.4', '1.5', '1.6', '1.7'] as const;

/** An element of no attributes. */
export function e(name: string, ...content: readonly (string | XmlNode)[]): XmlNode {
  return { name, attributes: {}, content: join(content) };
}

/** An element with attributes. */
export function a(name: string, attributes: Readonly<Record<string, string>>, ...content: (string | XmlNode)[]) {
  return { name, attributes, content: join(content) };
}

function join(content: readonly (string | XmlNode)[]): string | readonly XmlNode[] {
  const nodes = content.filter((part) => typeof part !== 'string');
  return nodes.length > 0 ? nodes : content.join('');
}

/** A document that keeps the schema of `version` and uses many kinds of what it has. */
export function createTree(version: string): XmlNode {
  const has = (since: string) => version >= since;
  const when = (since: string, ...nodes: readonly XmlNode[]) => (has(since) ? nodes : []);
  return a(
    'bom',
    {
      xmlns: `http://cyclonedx.org/schema/bom/${version}`,
      version: '1',
      serialNumber: 'urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79',
    },
    createMetadata(when),
    e('components', createLibrary('core'), createFile(when)),
    e(
      'services',
      a('service', { 'bom-ref': 'api' }, e('name', 'api'), e('endpoints', e('endpoint', 'https://x.example'))),
    ),
    e('externalReferences', a('reference', { type: 'website' }, e('url', 'https://x.example'))),
    e(
      'dependencies',
      a('dependency', { ref: 'app' }, a('dependency', { ref: 'core' })),
      a('dependency', { ref: 'core' }),
    ),
    ...when(
      '1.3',
      e('compositions', e('composition', e('aggregate', 'complete'), e('assemblies', a('assembly', { ref: 'core' })))),
    ),
    ...when('1.4', e('vulnerabilities', createVulnerability())),
    ...when('1.5', e('annotations', createAnnotation())),
  );
}

type When = (since: string, ...nodes: readonly XmlNode[]) => readonly XmlNode[];

function createMetadata(when: When): XmlNode {
  return e(
    'metadata',
    e('timestamp', '2026-11-20T10:00:00Z'),
    ...when('1.5', e('lifecycles', e('lifecycle', e('phase', 'build')))),
    e('tools', e('tool', e('vendor', 'Makers'), e('name', 'maker'), e('version', '1'))),
    e('authors', e('author', e('name', 'Ada'), e('email', 'ada@x.example'))),
    a('component', { type: 'application', 'bom-ref': 'app' }, e('name', 'rocket'), e('version', '1.0.0')),
    ...when('1.3', e('properties', a('property', { name: 'k' }, 'v'))),
  );
}

function createLibrary(ref: string): XmlNode {
  return a(
    'component',
    { type: 'library', 'bom-ref': ref },
    e('supplier', e('name', 'Rockets & Co'), e('url', 'https://x.example')),
    e('group', '@scope'),
    e('name', ref),
    e('version', '17.0.0'),
    e('scope', 'required'),
    e('hashes', a('hash', { alg: 'SHA-256' }, 'ab'.repeat(32)), a('hash', { alg: 'MD5' }, 'cd'.repeat(16))),
    e('licenses', e('license', e('id', 'MIT'), e('url', 'https://x.example/MIT'))),
    e('purl', `pkg:npm/%40scope/${ref}@17.0.0`),
  );
}

function createFile(when: When): XmlNode {
  return a(
    'component',
    { type: 'file', 'bom-ref': 'file', 'mime-type': 'text/plain' },
    e('name', 'a.txt'),
    e('version', '1'),
    e('licenses', e('expression', 'MIT OR 0BSD')),
    e('pedigree', e('commits', e('commit', e('uid', 'a'), e('author', e('timestamp', '2026-11-20T10:00:00Z'))))),
    e('components', createLibrary('inner')),
    ...when('1.3', e('evidence', e('copyright', e('text', 'Ada')))),
  );
}

function createVulnerability(): XmlNode {
  return a(
    'vulnerability',
    { 'bom-ref': 'v' },
    e('id', 'CVE-2026-1'),
    e('source', e('name', 'NVD'), e('url', 'https://x.example')),
    e('ratings', e('rating', e('score', '9.8'), e('severity', 'critical'), e('method', 'CVSSv31'))),
    e('cwes', e('cwe', '79')),
    e('analysis', e('state', 'not_affected'), e('justification', 'code_not_reachable')),
    e('affects', e('target', e('ref', 'core'))),
  );
}

function createAnnotation(): XmlNode {
  const annotator = e('annotator', e('individual', e('name', 'Ada')));
  return e(
    'annotation',
    e('subjects', a('subject', { ref: 'core' })),
    annotator,
    e('timestamp', '2026-11-20T10:00:00Z'),
    e('text', 'words'),
  );
}

/** The document as XML. */
export function encodeXml({ name, attributes, content }: XmlNode): string {
  const named = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeText(value)}"`);
  const inner = typeof content === 'string' ? escapeText(content) : content.map(encodeXml).join('');
  return `<${name}${named.join('')}>${inner}</${name}>`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
