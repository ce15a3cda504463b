/** What SPDX 2.3 lets stand in its JSON form (clauses 6 to 12 and annex C): the members of each object, which must be there, and the words. */
import { compileSchema, type ValidateJson } from './json-schema.ts';

/** Says what is wrong with a document of SPDX 2.3 or 2.3.1, in words; undefined when it keeps the schema. */
export const validateSpdx2Schema: ValidateJson = (document) => {
  validate ??= compileSchema(createSpdx2Schema());
  return validate(document);
};

let validate: ValidateJson | undefined;

/** A schema, or a part of one. */
export type Schema = Readonly<Record<string, unknown>>;
type Members = Readonly<Record<string, Schema>>;

const text: Schema = { type: 'string' };
const whole: Schema = { type: 'integer' };
const yesOrNo: Schema = { type: 'boolean' };
const texts = list(text);

/** An object of these members and no others. */
function object(required: Members, optional: Members = {}): Schema {
  const properties = { ...required, ...optional };
  return { type: 'object', properties, required: Object.keys(required), additionalProperties: false };
}

function list(items: Schema, minItems = 0): Schema {
  return { type: 'array', items, minItems };
}

function oneOf(words: string): Schema {
  return { type: 'string', enum: words.trim().split(/\s+/) };
}

/** The schema as a value (JSON Schema, draft 7). */
export function createSpdx2Schema(): Schema {
  return object(
    {
      SPDXID: text,
      creationInfo: object({ created: text, creators: list(text, 1) }, { comment: text, licenseListVersion: text }),
      dataLicense: text,
      name: text,
      spdxVersion: text,
      documentNamespace: text,
    },
    {
      // Which schema it is, as 2.3.1 has it.
      $schema: text,
      annotations,
      comment: text,
      documentDescribes: texts,
      externalDocumentRefs: list(object({ checksum, externalDocumentId: text, spdxDocument: text })),
      files: list(file),
      hasExtractedLicensingInfos: list(licence),
      packages: list(software),
      relationships: list(relationship),
      revieweds: list(object({ reviewDate: text }, { comment: text, reviewer: text })),
      snippets: list(snippet),
    },
  );
}

/** Clause 12. */
const annotations = list(
  object({ annotationDate: text, annotationType: oneOf('OTHER REVIEW'), annotator: text, comment: text }),
);

/** Clauses 7.10 and 8.4. */
const checksum = object({
  algorithm: oneOf(`
    SHA1 SHA224 SHA256 SHA384 SHA512 SHA3-256 SHA3-384 SHA3-512
    BLAKE2b-256 BLAKE2b-384 BLAKE2b-512 BLAKE3 MD2 MD4 MD5 MD6 ADLER32`),
  checksumValue: text,
});

/** What packages, files and snippets say of themselves alike. */
const remarks: Members = {
  ...{ annotations, attributionTexts: texts, comment: text, copyrightText: text },
  ...{ licenseComments: text, licenseConcluded: text },
};

/** Clause 7.21; with an underscore as in 2.3.1 and before 2.3. */
const externalReference = object(
  {
    referenceCategory: oneOf('OTHER SECURITY PACKAGE-MANAGER PACKAGE_MANAGER PERSISTENT-ID PERSISTENT_ID'),
    referenceLocator: text,
    referenceType: text,
  },
  { comment: text },
);

/** Clause 7. */
const software = object(
  { SPDXID: text, downloadLocation: text, name: text },
  {
    ...remarks,
    ...{ builtDate: text, releaseDate: text, validUntilDate: text, versionInfo: text },
    ...{ description: text, homepage: text, originator: text, packageFileName: text, sourceInfo: text },
    ...{ summary: text, supplier: text, licenseDeclared: text, licenseInfoFromFiles: texts, hasFiles: texts },
    checksums: list(checksum),
    externalRefs: list(externalReference),
    filesAnalyzed: yesOrNo,
    packageVerificationCode: object(
      { packageVerificationCodeValue: text },
      { packageVerificationCodeExcludedFiles: texts },
    ),
    primaryPackagePurpose: oneOf(`
      APPLICATION ARCHIVE CONTAINER DEVICE FILE FIRMWARE FRAMEWORK INSTALL LIBRARY OPERATING_SYSTEM OTHER SOURCE`),
  },
);

/** Clause 8. */
const file = object(
  { SPDXID: text, checksums: list(checksum, 1), fileName: text },
  {
    ...remarks,
    ...{ fileContributors: texts, fileDependencies: texts, licenseInfoInFiles: texts, noticeText: text },
    // Of whichever form: SPDX 1 had them, and 2 only keeps them.
    artifactOfs: list({ type: 'object' }),
    fileTypes: list(oneOf('APPLICATION ARCHIVE AUDIO BINARY DOCUMENTATION IMAGE OTHER SOURCE SPDX TEXT VIDEO')),
  },
);

const pointer = object({ reference: text }, { lineNumber: whole, offset: whole });

/** Clause 9. */
const snippet = object(
  {
    ...{ SPDXID: text, name: text, snippetFromFile: text },
    ranges: list(object({ endPointer: pointer, startPointer: pointer }), 1),
  },
  { ...remarks, licenseInfoInSnippets: texts },
);

/** Clause 10. */
const licence = object(
  { extractedText: text, licenseId: text },
  {
    ...{ comment: text, name: text, seeAlsos: texts },
    crossRefs: list(
      object(
        { url: text },
        { isLive: yesOrNo, isValid: yesOrNo, isWayBackLink: yesOrNo, match: text, order: whole, timestamp: text },
      ),
    ),
  },
);

/** Clause 11. */
const relationship = object(
  {
    spdxElementId: text,
    relatedSpdxElement: text,
    relationshipType: oneOf(`
      AMENDS ANCESTOR_OF BUILD_DEPENDENCY_OF BUILD_TOOL_OF CONTAINED_BY CONTAINS COPY_OF DATA_FILE_OF
      DEPENDENCY_MANIFEST_OF DEPENDENCY_OF DEPENDS_ON DESCENDANT_OF DESCRIBED_BY DESCRIBES DEV_DEPENDENCY_OF
      DEV_TOOL_OF DISTRIBUTION_ARTIFACT DOCUMENTATION_OF DYNAMIC_LINK EXAMPLE_OF EXPANDED_FROM_ARCHIVE FILE_ADDED
      FILE_DELETED FILE_MODIFIED GENERATED_FROM GENERATES HAS_PREREQUISITE METAFILE_OF OPTIONAL_COMPONENT_OF
      OPTIONAL_DEPENDENCY_OF OTHER PACKAGE_OF PATCH_APPLIED PATCH_FOR PREREQUISITE_FOR PROVIDED_DEPENDENCY_OF
      REQUIREMENT_DESCRIPTION_FOR RUNTIME_DEPENDENCY_OF SPECIFICATION_FOR STATIC_LINK TEST_CASE_OF
      TEST_DEPENDENCY_OF TEST_OF TEST_TOOL_OF VARIANT_OF`),
  },
  { comment: text },
);
