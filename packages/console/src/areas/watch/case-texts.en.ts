/** What the pages of artifacts, clusters and signers say beside the rest of the watch, in English. */

/** The texts. */
export const caseTexts = {
  cases: 'Artifacts',
  casesIntro:
    'Images, packages and files that show findings which nobody has decided: each with all of them, the newest first.',
  casesNone: 'No artifact needs a decision',
  casesNoneText: 'What is found in an artifact stands here until somebody has said what it is.',
  artifact: 'Artifact',
  takeAlong: 'Take it along',
  takeAlongText: 'What the watch knows, as files for other programs. Code scanning of forges reads SARIF.',
  takeInventory: 'Sources and who signs them (JSON)',
  takeFindings: 'Open findings (SARIF)',
  kubeconfig: 'From a kubeconfig',
  kubeconfigMake: 'Write what kubectl uses now into one file',
  kubeconfigDrop: 'Drop cluster.json',
  kubeconfigDropHint:
    'It is read here, in the browser, and fills the fields below. Users that run a program are refused: take a token of the service account.',
  clusterProof: 'Proves itself by',
  clusterCertificate: 'Client certificate (PEM)',
  clusterKey: 'Its private key (PEM)',
  policyProposed: 'A second person is needed',
  policyProposedText:
    'This policy lets more through where two people decide. It is in force once another administrator puts the same one there.',
  narrow: 'Only under these claims',
  refType: 'Ran for',
  refTypeAny: 'any ref',
  refType_tag: 'a tag',
  refType_branch: 'a branch',
  'refType_pull-request': 'a pull request',
  refType_other: 'something else',
  claim_repository: 'Repository',
  claim_workflow: 'Workflow',
  claim_ownerId: 'Number of the owner',
  claim_repositoryId: 'Number of the repository',
};
