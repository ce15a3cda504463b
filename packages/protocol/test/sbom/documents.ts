/** One application with two libraries, as CycloneDX, SPDX 2.3 and SPDX 3.0 say it. */
import { encodeText } from '@signpost/protocol/bytes/text';

export const artifactSha256 = 'ab'.repeat(32);
export const now = Date.parse('2026-11-21T12:00:00Z');

/** A document that tests may change before it is written. */
export type Draft = Record<string, unknown>;

/** The bytes of a document after `change`. */
export function encodeDraft<T extends Draft>(draft: T, change: (draft: T) => void = () => {}): Uint8Array {
  const copy = structuredClone(draft);
  change(copy);
  return encodeText(JSON.stringify(copy));
}

export const cycloneDx = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  serialNumber: 'urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79',
  version: 1,
  metadata: {
    timestamp: '2026-11-20T10:00:00+01:00',
    tools: { components: [{ type: 'application', name: 'maker', version: '1.2' }] },
    authors: [{ name: 'Ada' }],
    component: {
      'bom-ref': 'app',
      type: 'application',
      name: 'demo',
      version: '2.0.0',
      purl: 'pkg:generic/demo@2.0.0',
      supplier: { name: 'Demo Ltd' },
      hashes: [{ alg: 'SHA-256', content: artifactSha256 }],
    },
  } as Record<string, unknown>,
  components: [
    {
      'bom-ref': 'core',
      type: 'library',
      group: '@angular',
      name: 'core',
      version: '17.0.0',
      purl: 'pkg:npm/%40angular/core@17.0.0',
      licenses: [{ license: { id: 'MIT' } }],
      publisher: 'Google',
      components: [{ type: 'library', name: 'inner', version: '1', purl: 'pkg:npm/inner@1', author: 'Eve' }],
    },
    {
      'bom-ref': 'tslib',
      type: 'library',
      name: 'tslib',
      version: '2.6.0',
      purl: 'pkg:npm/tslib@2.6.0',
      licenses: [{ expression: '0BSD OR MIT' }],
      supplier: { name: 'Microsoft' },
    },
  ] as Record<string, unknown>[],
  dependencies: [
    { ref: 'app', dependsOn: ['core', 'tslib'] },
    { ref: 'core', dependsOn: ['tslib'] },
    { ref: 'tslib', dependsOn: ['core'] },
  ] as Record<string, unknown>[],
};

export const spdx2 = {
  spdxVersion: 'SPDX-2.3',
  SPDXID: 'SPDXRef-DOCUMENT',
  name: 'demo',
  dataLicense: 'CC0-1.0',
  documentNamespace: 'https://example.com/demo',
  creationInfo: {
    created: '2026-11-20T10:00:00Z',
    creators: ['Tool: maker-1.2', 'Organization: Demo Ltd (a@example.com)'],
  },
  packages: [
    {
      SPDXID: 'SPDXRef-app',
      name: 'demo',
      versionInfo: '2.0.0',
      downloadLocation: 'NOASSERTION',
      supplier: 'Organization: Demo Ltd',
      primaryPackagePurpose: 'APPLICATION',
      checksums: [{ algorithm: 'SHA256', checksumValue: artifactSha256 }],
      externalRefs: [
        { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: 'pkg:generic/demo@2.0.0' },
      ],
    },
    {
      SPDXID: 'SPDXRef-tslib',
      name: 'tslib',
      versionInfo: '2.6.0',
      downloadLocation: 'NOASSERTION',
      supplier: 'NOASSERTION',
      originator: 'Person: Eve (eve@example.com)',
      licenseDeclared: '0BSD',
      licenseConcluded: 'NOASSERTION',
      externalRefs: [
        { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: 'pkg:npm/tslib@2.6.0' },
      ],
    },
  ] as Record<string, unknown>[],
  relationships: [
    { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: 'SPDXRef-app' },
    { spdxElementId: 'SPDXRef-tslib', relationshipType: 'DEPENDENCY_OF', relatedSpdxElement: 'SPDXRef-app' },
    { spdxElementId: 'SPDXRef-tslib', relationshipType: 'DEPENDS_ON', relatedSpdxElement: 'NONE' },
  ] as Record<string, unknown>[],
};

const ids = 'https://example.com/spdx/';

export const spdx3 = {
  '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld',
  '@graph': [
    {
      type: 'CreationInfo',
      '@id': '_:made',
      specVersion: '3.0.1',
      created: '2026-11-20T10:00:00Z',
      createdBy: [`${ids}ada`],
      createdUsing: [`${ids}maker`],
    },
    { type: 'Person', spdxId: `${ids}ada`, name: 'Ada', creationInfo: '_:made' },
    { type: 'Tool', spdxId: `${ids}maker`, name: 'maker', creationInfo: '_:made' },
    {
      type: 'SpdxDocument',
      spdxId: `${ids}document`,
      creationInfo: '_:made',
      rootElement: [`${ids}sbom`],
      element: [`${ids}app`],
    },
    { type: 'software_Sbom', spdxId: `${ids}sbom`, creationInfo: '_:made', rootElement: [`${ids}app`], element: [] },
    {
      type: 'software_Package',
      spdxId: `${ids}app`,
      creationInfo: '_:made',
      name: 'demo',
      software_packageVersion: '2.0.0',
      software_packageUrl: 'pkg:generic/demo@2.0.0',
      software_primaryPurpose: 'application',
      suppliedBy: `${ids}ada`,
      verifiedUsing: [{ type: 'Hash', algorithm: 'sha256', hashValue: artifactSha256 }],
    },
    {
      type: 'software_Package',
      spdxId: `${ids}tslib`,
      creationInfo: '_:made',
      name: 'tslib',
      software_packageVersion: '2.6.0',
      originatedBy: [`${ids}ada`],
      externalIdentifier: [
        { type: 'ExternalIdentifier', externalIdentifierType: 'packageUrl', identifier: 'pkg:npm/tslib@2.6.0' },
      ],
    },
    {
      type: 'simplelicensing_LicenseExpression',
      spdxId: `${ids}licence`,
      creationInfo: '_:made',
      simplelicensing_licenseExpression: '0BSD',
    },
    {
      type: 'Relationship',
      spdxId: `${ids}r1`,
      creationInfo: '_:made',
      from: `${ids}app`,
      relationshipType: 'dependsOn',
      to: [`${ids}tslib`],
    },
    {
      type: 'Relationship',
      spdxId: `${ids}r2`,
      creationInfo: '_:made',
      from: `${ids}tslib`,
      relationshipType: 'hasDeclaredLicense',
      to: [`${ids}licence`],
    },
    {
      type: 'Relationship',
      spdxId: `${ids}r3`,
      creationInfo: '_:made',
      from: `${ids}app`,
      relationshipType: 'hasConcludedLicense',
      to: ['https://spdx.org/licenses/MIT'],
    },
    {
      type: 'Relationship',
      spdxId: `${ids}r4`,
      creationInfo: '_:made',
      from: `${ids}tslib`,
      relationshipType: 'dependsOn',
      to: ['NoneElement'],
    },
  ] as Record<string, unknown>[],
};
