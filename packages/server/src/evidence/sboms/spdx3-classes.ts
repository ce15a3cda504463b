/**
 * The classes of SPDX 3.0 and 3.0.1, by profile. A line names a class, what it is a kind of, and its members: `!` must be there,
 * `*` is a list, `+` one of at least one item, `2+` of at least two. What is abstract has kinds only.
 */
/** Core. */
const coreClasses = `
CreationInfo: comment=text created!=time createdBy!=Agent+ createdUsing=Tool* specVersion!=version
DictionaryEntry: key!=text value=text
abstract Element: comment=text creationInfo!=CreationInfo description=text extension=extension_Extension*
  externalIdentifier=ExternalIdentifier* externalRef=ExternalRef* name=text summary=text
  verifiedUsing=IntegrityMethod*
abstract ElementCollection < Element: element=Element* profileConformance=ProfileIdentifierType*
  rootElement=Element*
ExternalIdentifier: comment=text externalIdentifierType!=ExternalIdentifierType identifier!=text
  identifierLocator=uri* issuingAuthority=text
ExternalMap: definingArtifact=Artifact externalSpdxId!=uri locationHint=uri verifiedUsing=IntegrityMethod*
ExternalRef: comment=text contentType=media-type externalRefType=ExternalRefType locator=text*
IndividualElement < Element
abstract IntegrityMethod: comment=text
NamespaceMap: namespace!=uri prefix!=text
PackageVerificationCode < IntegrityMethod: algorithm!=HashAlgorithm hashValue!=text
  packageVerificationCodeExcludedFile=text*
PositiveIntegerRange: beginIntegerRange!=count endIntegerRange!=count
Relationship < Element: completeness=RelationshipCompleteness endTime=time from!=Element
  relationshipType!=RelationshipType startTime=time to!=Element+
SpdxDocument < ElementCollection: dataLicense=simplelicensing_AnyLicenseInfo import=ExternalMap*
  namespaceMap=NamespaceMap*
Tool < Element
Agent < Element
Annotation < Element: annotationType!=AnnotationType contentType=media-type statement=text subject!=Element
abstract Artifact < Element: builtTime=time originatedBy=Agent* releaseTime=time standardName=text* suppliedBy=Agent
  supportLevel=SupportType* validUntilTime=time
Bundle < ElementCollection: context=text
Hash < IntegrityMethod: algorithm!=HashAlgorithm hashValue!=text
LifecycleScopedRelationship < Relationship: scope=LifecycleScopeType
Organization < Agent
Person < Agent
SoftwareAgent < Agent
Bom < Bundle
`;

/** Software. */
const softwareClasses = `
software_ContentIdentifier < IntegrityMethod: software_contentIdentifierType!=software_ContentIdentifierType
  software_contentIdentifierValue!=uri
software_Sbom < Bom: software_sbomType=software_SbomType*
abstract software_SoftwareArtifact < Artifact: software_additionalPurpose=software_SoftwarePurpose*
  software_attributionText=text* software_contentIdentifier=software_ContentIdentifier* software_copyrightText=text
  software_primaryPurpose=software_SoftwarePurpose
software_File < software_SoftwareArtifact: contentType=media-type software_fileKind=software_FileKindType
software_Package < software_SoftwareArtifact: software_downloadLocation=uri software_homePage=uri
  software_packageUrl=uri software_packageVersion=text software_sourceInfo=text
software_Snippet < software_SoftwareArtifact: software_byteRange=PositiveIntegerRange
  software_lineRange=PositiveIntegerRange software_snippetFromFile!=software_File
`;

/** Simple licensing. */
const simpleLicensingClasses = `
abstract simplelicensing_AnyLicenseInfo < Element
simplelicensing_LicenseExpression < simplelicensing_AnyLicenseInfo: simplelicensing_customIdToUri=DictionaryEntry*
  simplelicensing_licenseExpression!=text simplelicensing_licenseListVersion=version
simplelicensing_SimpleLicensingText < Element: simplelicensing_licenseText!=text
`;

/** Expanded licensing. */
const expandedLicensingClasses = `
expandedlicensing_ConjunctiveLicenseSet < simplelicensing_AnyLicenseInfo:
  expandedlicensing_member!=simplelicensing_AnyLicenseInfo2+
expandedlicensing_DisjunctiveLicenseSet < simplelicensing_AnyLicenseInfo:
  expandedlicensing_member!=simplelicensing_AnyLicenseInfo2+
abstract expandedlicensing_ExtendableLicense < simplelicensing_AnyLicenseInfo
expandedlicensing_IndividualLicensingInfo < simplelicensing_AnyLicenseInfo
abstract expandedlicensing_License < expandedlicensing_ExtendableLicense:
  expandedlicensing_isDeprecatedLicenseId=yes-or-no expandedlicensing_isFsfLibre=yes-or-no
  expandedlicensing_isOsiApproved=yes-or-no expandedlicensing_licenseXml=text expandedlicensing_obsoletedBy=text
  expandedlicensing_seeAlso=uri* expandedlicensing_standardLicenseHeader=text
  expandedlicensing_standardLicenseTemplate=text simplelicensing_licenseText!=text
abstract expandedlicensing_LicenseAddition < Element: expandedlicensing_additionText!=text
  expandedlicensing_isDeprecatedAdditionId=yes-or-no expandedlicensing_licenseXml=text
  expandedlicensing_obsoletedBy=text expandedlicensing_seeAlso=uri* expandedlicensing_standardAdditionTemplate=text
expandedlicensing_ListedLicense < expandedlicensing_License: expandedlicensing_deprecatedVersion=text
  expandedlicensing_listVersionAdded=text
expandedlicensing_ListedLicenseException < expandedlicensing_LicenseAddition:
  expandedlicensing_deprecatedVersion=text expandedlicensing_listVersionAdded=text
expandedlicensing_OrLaterOperator < expandedlicensing_ExtendableLicense:
  expandedlicensing_subjectLicense!=expandedlicensing_License
expandedlicensing_WithAdditionOperator < simplelicensing_AnyLicenseInfo:
  expandedlicensing_subjectAddition!=expandedlicensing_LicenseAddition
  expandedlicensing_subjectExtendableLicense!=expandedlicensing_ExtendableLicense
expandedlicensing_CustomLicense < expandedlicensing_License
expandedlicensing_CustomLicenseAddition < expandedlicensing_LicenseAddition
`;

/** Security. */
const securityClasses = `
abstract security_VulnAssessmentRelationship < Relationship: suppliedBy=Agent
  security_assessedElement=software_SoftwareArtifact security_modifiedTime=time security_publishedTime=time
  security_withdrawnTime=time
security_Vulnerability < Artifact: security_modifiedTime=time security_publishedTime=time
  security_withdrawnTime=time
security_CvssV2VulnAssessmentRelationship < security_VulnAssessmentRelationship: security_score!=number
  security_vectorString!=text
security_CvssV3VulnAssessmentRelationship < security_VulnAssessmentRelationship: security_score!=number
  security_severity!=security_CvssSeverityType security_vectorString!=text
security_CvssV4VulnAssessmentRelationship < security_VulnAssessmentRelationship: security_score!=number
  security_severity!=security_CvssSeverityType security_vectorString!=text
security_EpssVulnAssessmentRelationship < security_VulnAssessmentRelationship: security_percentile!=number
  security_probability!=number
security_ExploitCatalogVulnAssessmentRelationship < security_VulnAssessmentRelationship:
  security_catalogType!=security_ExploitCatalogType security_exploited!=yes-or-no security_locator!=uri
security_SsvcVulnAssessmentRelationship < security_VulnAssessmentRelationship:
  security_decisionType!=security_SsvcDecisionType
abstract security_VexVulnAssessmentRelationship < security_VulnAssessmentRelationship: security_statusNotes=text
  security_vexVersion=text
security_VexAffectedVulnAssessmentRelationship < security_VexVulnAssessmentRelationship:
  security_actionStatement!=text security_actionStatementTime=time
security_VexFixedVulnAssessmentRelationship < security_VexVulnAssessmentRelationship
security_VexNotAffectedVulnAssessmentRelationship < security_VexVulnAssessmentRelationship:
  security_impactStatement=text security_impactStatementTime=time
  security_justificationType=security_VexJustificationType
security_VexUnderInvestigationVulnAssessmentRelationship < security_VexVulnAssessmentRelationship
`;

/** Build. */
const buildClasses = `
build_Build < Element: build_buildEndTime=time build_buildId=text build_buildStartTime=time build_buildType!=uri
  build_configSourceDigest=Hash* build_configSourceEntrypoint=text* build_configSourceUri=uri*
  build_environment=DictionaryEntry* build_parameter=DictionaryEntry*
`;

/** AI. */
const aiClasses = `
ai_AIPackage < software_Package: ai_autonomyType=PresenceType ai_domain=text*
  ai_energyConsumption=ai_EnergyConsumption ai_hyperparameter=DictionaryEntry* ai_informationAboutApplication=text
  ai_informationAboutTraining=text ai_limitation=text ai_metric=DictionaryEntry*
  ai_metricDecisionThreshold=DictionaryEntry* ai_modelDataPreprocessing=text* ai_modelExplainability=text*
  ai_safetyRiskAssessment=ai_SafetyRiskAssessmentType ai_standardCompliance=text* ai_typeOfModel=text*
  ai_useSensitivePersonalInformation=PresenceType
ai_EnergyConsumption: ai_finetuningEnergyConsumption=ai_EnergyConsumptionDescription*
  ai_inferenceEnergyConsumption=ai_EnergyConsumptionDescription*
  ai_trainingEnergyConsumption=ai_EnergyConsumptionDescription*
ai_EnergyConsumptionDescription: ai_energyQuantity!=number ai_energyUnit!=ai_EnergyUnitType
`;

/** Dataset. */
const datasetClasses = `
dataset_DatasetPackage < software_Package: dataset_anonymizationMethodUsed=text*
  dataset_confidentialityLevel=dataset_ConfidentialityLevelType dataset_dataCollectionProcess=text
  dataset_dataPreprocessing=text* dataset_datasetAvailability=dataset_DatasetAvailabilityType
  dataset_datasetNoise=text dataset_datasetSize=size dataset_datasetType!=dataset_DatasetType+
  dataset_datasetUpdateMechanism=text dataset_hasSensitivePersonalInformation=PresenceType dataset_intendedUse=text
  dataset_knownBias=text* dataset_sensor=DictionaryEntry*
`;

/** Extension. */
const extensionClasses = `
extension_CdxPropertyEntry: extension_cdxPropName!=text extension_cdxPropValue=text
abstract extension_Extension
extension_CdxPropertiesExtension < extension_Extension: extension_cdxProperty!=extension_CdxPropertyEntry+
`;
/** All of them, a line each; lines that begin with a space go on the line before. */
export const spdx3Classes: string = [
  ...[coreClasses, softwareClasses, simpleLicensingClasses, expandedLicensingClasses, securityClasses],
  ...[buildClasses, aiClasses, datasetClasses, extensionClasses],
].join('');
