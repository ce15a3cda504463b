/** SPDX documents that use much of what the standard has, to be damaged. */
import { createSpdx2 } from './documents.ts';

const time = '2026-11-20T10:00:00Z';
const made = '_:made';

/** A document of 2.3 with packages, files, snippets, licences and annotations. */
export function createWideSpdx2(): Record<string, unknown> {
  const id = 'SPDXRef-f';
  const [software] = createSpdx2('ab'.repeat(32)).packages as object[];
  return createSpdx2('ab'.repeat(32), {
    packages: [
      { ...software, filesAnalyzed: false, primaryPackagePurpose: 'APPLICATION', externalRefs: [createPurl()] },
    ],
    files: [{ SPDXID: id, fileName: 'f', checksums: [{ algorithm: 'SHA1', checksumValue: 'a' }], fileTypes: ['TEXT'] }],
    relationships: [{ spdxElementId: 'SPDXRef-app', relatedSpdxElement: id, relationshipType: 'CONTAINS' }],
    annotations: [{ annotationDate: time, annotationType: 'OTHER', annotator: 'Person: a', comment: 'c' }],
    snippets: [{ SPDXID: 'SPDXRef-s', name: 's', snippetFromFile: id, ranges: [createRange(id)] }],
    hasExtractedLicensingInfos: [
      { licenseId: 'LicenseRef-1', extractedText: 'x', crossRefs: [{ url: 'u', isLive: true, order: 1 }] },
    ],
  });
}

function createPurl(): object {
  return { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: 'pkg:npm/a@1' };
}

function createRange(reference: string): object {
  return { startPointer: { reference, offset: 1 }, endPointer: { reference, lineNumber: 2 } };
}

/** An object of a graph. */
export interface GraphItem {
  readonly type: string;
  readonly [member: string]: unknown;
}

function element(type: string, id: string, more: object = {}): GraphItem {
  return { type, spdxId: `urn:x:${id}`, creationInfo: made, ...more };
}

/** Objects of all profiles of 3.0. */
export function createGraph(): readonly GraphItem[] {
  return [...createCore(), ...createSoftware(), ...createLicences(), ...createOthers()];
}

function createCore(): readonly GraphItem[] {
  return [
    {
      type: 'CreationInfo',
      '@id': made,
      specVersion: '3.0.1',
      created: time,
      createdBy: ['urn:x:ada'],
      createdUsing: ['urn:x:tool'],
      comment: 'c',
    },
    element('Person', 'ada', {
      name: 'Ada',
      externalIdentifier: [
        {
          type: 'ExternalIdentifier',
          externalIdentifierType: 'email',
          identifier: 'a@x',
          identifierLocator: ['https://x'],
          issuingAuthority: 'x',
        },
      ],
    }),
    element('Organization', 'org'),
    element('Tool', 'tool'),
    element('SoftwareAgent', 'agent'),
    element('Agent', 'ag'),
    element('SpdxDocument', 'doc', {
      rootElement: ['urn:x:sbom'],
      element: ['urn:x:app'],
      profileConformance: ['core', 'software'],
      dataLicense: 'urn:x:lic',
      namespaceMap: [{ type: 'NamespaceMap', namespace: 'urn:n', prefix: 'n' }],
      import: [
        {
          type: 'ExternalMap',
          externalSpdxId: 'urn:q',
          verifiedUsing: [{ type: 'Hash', algorithm: 'sha256', hashValue: 'ab' }],
          locationHint: 'https://x',
        },
      ],
    }),
    element('Relationship', 'r', {
      from: 'urn:x:app',
      to: ['urn:x:f', 'NoneElement'],
      relationshipType: 'contains',
      completeness: 'complete',
      startTime: time,
    }),
    element('LifecycleScopedRelationship', 'r2', {
      from: 'urn:x:app',
      to: ['urn:x:f'],
      relationshipType: 'dependsOn',
      scope: 'build',
    }),
    element('Annotation', 'an', { annotationType: 'review', subject: 'urn:x:app', statement: 's' }),
  ];
}

function createSoftware(): readonly GraphItem[] {
  return [
    element('software_Sbom', 'sbom', {
      rootElement: ['urn:x:app'],
      element: ['urn:x:app', 'urn:x:f'],
      software_sbomType: ['build'],
      context: 'x',
    }),
    element('software_Package', 'app', {
      name: 'rocket',
      software_packageVersion: '1',
      software_packageUrl: 'pkg:npm/a@1',
      software_downloadLocation: 'https://x',
      software_primaryPurpose: 'application',
      software_additionalPurpose: ['archive'],
      suppliedBy: 'urn:x:org',
      originatedBy: ['urn:x:ada', 'SpdxOrganization'],
      builtTime: time,
      supportLevel: ['support'],
      verifiedUsing: [
        { type: 'Hash', algorithm: 'sha256', hashValue: 'ab' },
        {
          type: 'PackageVerificationCode',
          algorithm: 'sha1',
          hashValue: 'a',
          packageVerificationCodeExcludedFile: ['x'],
        },
      ],
      software_contentIdentifier: [
        {
          type: 'software_ContentIdentifier',
          software_contentIdentifierType: 'gitoid',
          software_contentIdentifierValue: 'gitoid:x',
        },
      ],
      externalRef: [{ type: 'ExternalRef', externalRefType: 'vcs', locator: ['https://x'], contentType: 'text/html' }],
      extension: [
        { type: 'https://x/ext', a: 1 },
        {
          type: 'extension_CdxPropertiesExtension',
          extension_cdxProperty: [{ type: 'extension_CdxPropertyEntry', extension_cdxPropName: 'a' }],
        },
      ],
    }),
    element('software_File', 'f', { name: 'f', contentType: 'text/plain', software_fileKind: 'file' }),
    element('software_Snippet', 's', {
      software_snippetFromFile: 'urn:x:f',
      software_byteRange: { type: 'PositiveIntegerRange', beginIntegerRange: 1, endIntegerRange: 2 },
    }),
  ];
}

function createLicences(): readonly GraphItem[] {
  return [
    element('simplelicensing_LicenseExpression', 'lic', {
      simplelicensing_licenseExpression: 'MIT',
      simplelicensing_licenseListVersion: '3.25.0',
      simplelicensing_customIdToUri: [{ type: 'DictionaryEntry', key: 'a', value: 'b' }],
    }),
    element('expandedlicensing_ConjunctiveLicenseSet', 'ls', {
      expandedlicensing_member: ['urn:x:lic', 'expandedlicensing_NoneLicense'],
    }),
    element('expandedlicensing_ListedLicense', 'll', {
      simplelicensing_licenseText: 't',
      expandedlicensing_isOsiApproved: true,
      expandedlicensing_seeAlso: ['https://x'],
    }),
    element('expandedlicensing_OrLaterOperator', 'ol', { expandedlicensing_subjectLicense: 'urn:x:ll' }),
    element('expandedlicensing_WithAdditionOperator', 'wa', {
      expandedlicensing_subjectAddition: 'urn:x:la',
      expandedlicensing_subjectExtendableLicense: 'urn:x:ll',
    }),
    element('expandedlicensing_CustomLicenseAddition', 'la', { expandedlicensing_additionText: 'x' }),
    element('simplelicensing_SimpleLicensingText', 'slt', { simplelicensing_licenseText: 'x' }),
  ];
}

function createOthers(): readonly GraphItem[] {
  return [
    element('security_Vulnerability', 'v', { security_publishedTime: time }),
    element('security_CvssV3VulnAssessmentRelationship', 'cv', {
      from: 'urn:x:v',
      to: ['urn:x:app'],
      relationshipType: 'hasAssessmentFor',
      security_score: 9.8,
      security_severity: 'critical',
      security_vectorString: 'C',
    }),
    element('security_VexNotAffectedVulnAssessmentRelationship', 'vx', {
      from: 'urn:x:v',
      to: ['urn:x:app'],
      relationshipType: 'doesNotAffect',
      security_justificationType: 'componentNotPresent',
      security_impactStatementTime: time,
    }),
    element('build_Build', 'b', {
      build_buildType: 'https://x',
      build_environment: [{ type: 'DictionaryEntry', key: 'a' }],
      build_configSourceDigest: [{ type: 'Hash', algorithm: 'sha256', hashValue: 'a' }],
    }),
    element('ai_AIPackage', 'ai', {
      ai_autonomyType: 'yes',
      ai_energyConsumption: {
        type: 'ai_EnergyConsumption',
        ai_trainingEnergyConsumption: [
          { type: 'ai_EnergyConsumptionDescription', ai_energyQuantity: '1.5', ai_energyUnit: 'megajoule' },
        ],
      },
    }),
    element('dataset_DatasetPackage', 'ds', { dataset_datasetType: ['text'], dataset_datasetSize: 0 }),
  ];
}
