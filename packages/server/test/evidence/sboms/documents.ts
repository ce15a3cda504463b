/** SBOMs to attach, about an artifact of a given digest. */

/** A small CycloneDX document. */
export function createCycloneDx(sha256: string, change: object = {}): Record<string, unknown> {
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: 'urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79',
    version: 1,
    metadata: {
      timestamp: '2026-11-20T10:00:00Z',
      tools: { components: [{ type: 'application', name: 'maker', version: '1' }] },
      authors: [{ name: 'Ada' }],
      component: {
        ...{
          'bom-ref': 'app',
          type: 'application',
          name: 'rocket',
          version: '1.0.0',
          purl: 'pkg:generic/rocket@1.0.0',
        },
        ...{ supplier: { name: 'Rockets Ltd' }, hashes: [{ alg: 'SHA-256', content: sha256 }] },
      },
    },
    components: [createLibrary('lodash', '4.17.20'), createLibrary('tslib', '2.6.0')],
    dependencies: [{ ref: 'app', dependsOn: ['lodash', 'tslib'] }],
    ...change,
  };
}

/** A library from npm. */
export function createLibrary(name: string, version: string, licence = 'MIT'): Record<string, unknown> {
  return {
    ...{ 'bom-ref': name, type: 'library', name, version, purl: `pkg:npm/${name}@${version}` },
    ...{ supplier: { name: 'npm' }, licenses: [{ license: { id: licence } }] },
  };
}

/** The same document as XML. */
export function createXml(sha256: string, prologue = ''): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${prologue}
<bom xmlns="http://cyclonedx.org/schema/bom/1.6" xmlns:x="urn:x" serialNumber="urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79" version="1">
  <metadata>
    <timestamp>2026-11-20T10:00:00Z</timestamp>
    <tools><components><component type="application"><name>maker</name><version>1</version></component></components></tools>
    <authors><author><name>Ada</name></author></authors>
    <component type="application" bom-ref="app">
      <supplier><name>Rockets Ltd</name></supplier><name>rocket</name><version>1.0.0</version>
      <hashes><hash alg="SHA-256">${sha256}</hash></hashes><purl>pkg:generic/rocket@1.0.0</purl>
    </component>
  </metadata>
  <components>
    <component type="library" bom-ref="core"><supplier><name>Google &amp; Co</name></supplier><group>@angular</group><name>core</name><version>17.0.0</version>
      <licenses><license><id>MIT</id></license></licenses><purl>pkg:npm/%40angular/core@17.0.0</purl>
      <components><component type="library" bom-ref="inner"><publisher>Eve</publisher><name><![CDATA[inner]]></name><version>1</version>
        <licenses><expression>MIT OR 0BSD</expression></licenses><purl>pkg:npm/inner@1</purl></component></components>
      <x:anything><x:component/></x:anything>
    </component>
  </components>
  <dependencies><dependency ref="app"><dependency ref="core"/></dependency><dependency ref="core"/></dependencies>
  <compositions><composition><aggregate>complete</aggregate><assemblies><assembly ref="core"/></assemblies>
    <dependencies><dependency ref="app"/></dependencies></composition></compositions>
</bom>`;
}

/** A small SPDX 2.3 document. */
export function createSpdx2(sha256: string, change: object = {}): Record<string, unknown> {
  return {
    spdxVersion: 'SPDX-2.3',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: 'rocket',
    dataLicense: 'CC0-1.0',
    documentNamespace: 'https://example.com/rocket',
    creationInfo: { created: '2026-11-20T10:00:00Z', creators: ['Tool: maker-1'] },
    documentDescribes: ['SPDXRef-app'],
    packages: [
      {
        ...{ SPDXID: 'SPDXRef-app', name: 'rocket', versionInfo: '1.0.0', downloadLocation: 'NOASSERTION' },
        checksums: [{ algorithm: 'SHA256', checksumValue: sha256 }],
      },
    ],
    ...change,
  };
}

/** A small SPDX 3.0 document. */
export function createSpdx3(sha256: string, change: object = {}): Record<string, unknown> {
  const creationInfo = '_:made';
  return {
    '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld',
    '@graph': [
      {
        ...{ type: 'CreationInfo', '@id': creationInfo, specVersion: '3.0.1', created: '2026-11-20T10:00:00Z' },
        createdBy: ['urn:x:ada'],
      },
      { type: 'Person', spdxId: 'urn:x:ada', name: 'Ada', creationInfo },
      {
        type: 'SpdxDocument',
        spdxId: 'urn:x:document',
        creationInfo,
        rootElement: ['urn:x:app'],
        element: ['urn:x:app'],
      },
      {
        ...{ type: 'software_Package', spdxId: 'urn:x:app', creationInfo, name: 'rocket', ...change },
        verifiedUsing: [{ type: 'Hash', algorithm: 'sha256', hashValue: sha256 }],
      },
    ],
  };
}
