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
function element(name: string, ...content: readonly (string | XmlNode)[]): XmlNode {
  return { name, attributes: {}, content: join(content) };
}

/** An element with attributes. */
function named(name: string, attributes: Readonly<Record<string, string>>, ...content: (string | XmlNode)[]) {
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
  return named(
    'bom',
    {
      xmlns: `http://cyclonedx.org/schema/bom/${version}`,
      version: '1',
      serialNumber: 'urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79',
    },
    createMetadata(when),
    element('components', createLibrary('core'), createFile(when)),
    element(
      'services',
      named(
        'service',
        { 'bom-ref': 'api' },
        element('name', 'api'),
        element('endpoints', element('endpoint', 'https://x.example')),
      ),
    ),
    element('externalReferences', named('reference', { type: 'website' }, element('url', 'https://x.example'))),
    element(
      'dependencies',
      named('dependency', { ref: 'app' }, named('dependency', { ref: 'core' })),
      named('dependency', { ref: 'core' }),
    ),
    ...when(
      '1.3',
      element(
        'compositions',
        element(
          'composition',
          element('aggregate', 'complete'),
          element('assemblies', named('assembly', { ref: 'core' })),
        ),
      ),
    ),
    ...when('1.4', element('vulnerabilities', createVulnerability())),
    ...when('1.5', element('annotations', createAnnotation())),
  );
}

type When = (since: string, ...nodes: readonly XmlNode[]) => readonly XmlNode[];

function createMetadata(when: When): XmlNode {
  return element(
    'metadata',
    element('timestamp', '2026-11-20T10:00:00Z'),
    ...when('1.5', element('lifecycles', element('lifecycle', element('phase', 'build')))),
    element('tools', element('tool', element('vendor', 'Makers'), element('name', 'maker'), element('version', '1'))),
    element('authors', element('author', element('name', 'Ada'), element('email', 'ada@x.example'))),
    named(
      'component',
      { type: 'application', 'bom-ref': 'app' },
      element('name', 'rocket'),
      element('version', '1.0.0'),
    ),
    ...when('1.3', element('properties', named('property', { name: 'k' }, 'v'))),
  );
}

function createLibrary(ref: string): XmlNode {
  return named(
    'component',
    { type: 'library', 'bom-ref': ref },
    element('supplier', element('name', 'Rockets & Co'), element('url', 'https://x.example')),
    element('group', '@scope'),
    element('name', ref),
    element('version', '17.0.0'),
    element('scope', 'required'),
    element(
      'hashes',
      named('hash', { alg: 'SHA-256' }, 'ab'.repeat(32)),
      named('hash', { alg: 'MD5' }, 'cd'.repeat(16)),
    ),
    element('licenses', element('license', element('id', 'MIT'), element('url', 'https://x.example/MIT'))),
    element('purl', `pkg:npm/%40scope/${ref}@17.0.0`),
  );
}

function createFile(when: When): XmlNode {
  return named(
    'component',
    { type: 'file', 'bom-ref': 'file', 'mime-type': 'text/plain' },
    element('name', 'a.txt'),
    element('version', '1'),
    element('licenses', element('expression', 'MIT OR 0BSD')),
    element(
      'pedigree',
      element(
        'commits',
        element('commit', element('uid', 'a'), element('author', element('timestamp', '2026-11-20T10:00:00Z'))),
      ),
    ),
    element('components', createLibrary('inner')),
    ...when('1.3', element('evidence', element('copyright', element('text', 'Ada')))),
  );
}

function createVulnerability(): XmlNode {
  return named(
    'vulnerability',
    { 'bom-ref': 'v' },
    element('id', 'CVE-2026-1'),
    element('source', element('name', 'NVD'), element('url', 'https://x.example')),
    element(
      'ratings',
      element('rating', element('score', '9.8'), element('severity', 'critical'), element('method', 'CVSSv31')),
    ),
    element('cwes', element('cwe', '79')),
    element('analysis', element('state', 'not_affected'), element('justification', 'code_not_reachable')),
    element('affects', element('target', element('ref', 'core'))),
  );
}

function createAnnotation(): XmlNode {
  const annotator = element('annotator', element('individual', element('name', 'Ada')));
  return element(
    'annotation',
    element('subjects', named('subject', { ref: 'core' })),
    annotator,
    element('timestamp', '2026-11-20T10:00:00Z'),
    element('text', 'words'),
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
