/** What the public pages say, in English. */

/** The texts. */
export const english = {
  languageName: 'English',
  languages: 'Language',
  views: 'About this project',
  info: 'Release',
  changelog: 'Changelog',
  commands: 'Verify by command',
  verify: 'Check a file',
  servedBy:
    'Served by Signpost. What this page says is the word of the server; what is signed can be verified without it.',

  projects: 'Projects',
  projectsOf: (name: string): string => `What ${name} publishes`,
  noProjects: 'Nothing has been published here yet.',
  noProjectsHint: 'A project appears when its first release goes into service.',
  latestVersion: (version: string): string => `${version} in service`,
  nothingInService: 'nothing in service',
  moreProjects: 'More projects',
  firstProjects: 'From the beginning',

  inService: 'in service',
  signed: 'signed',
  scannedClean: 'scanned: clean',
  notScanned: 'not scanned',
  policyMet: 'policy: met',
  policyWaived: 'policy: met but for what was let go',
  policyUnmet: 'policy: not met',
  noReleaseInService: 'No release is in service at present.',
  noReleaseHint: 'Nothing can be downloaded and verified here until its makers put a release into service.',
  download: 'Download',
  channel: 'Channel',
  size: 'Size',
  bytes: (count: string): string => `${count} bytes`,
  digest: 'SHA-256',
  signedOn: 'Signed',
  validUntil: 'Holds until',

  checked: 'How this release was checked',
  whoSigned: 'Who signed',
  signedByServer: (label: string, id: string): string => `Signed by the server’s key “${label}” (${id}).`,
  signedByMaintainers: (count: number): string =>
    count === 1
      ? 'Signed by a maintainer, with a key that is not on this server:'
      : `Signed by ${count} maintainers, with keys that are not on this server:`,
  signerNamed: (label: string, id: string): string => `“${label}” (${id})`,
  approvalsDemanded: (count: number): string =>
    count === 1
      ? 'Its offline roots demand the signature of a maintainer. Whoever steals this server can publish nothing that clients accept.'
      : `Its offline roots demand the signatures of ${count} maintainers. Whoever steals this server can publish nothing that clients accept.`,
  noApprovals: 'No maintainer has to sign: whoever controls the server’s key can publish a release of this project.',
  vouchedFor: (version: string, until: string): string =>
    `That these keys count is said by trust list ${version}, signed offline by the roots, in force until ${until}.`,

  scanner: 'Malware scan',
  scanClean: (engine: string, day: string): string => `${engine} found nothing in any file on ${day}.`,
  scanSignatures: (day: string): string => `It knew what was known on ${day}.`,
  scannedAgain: (day: string): string => `Looked at again since, the last time on ${day}: still nothing.`,
  scanNone: 'No scanner has looked into these files.',
  scanLimit: 'A clean scan says that nothing known was found, not that there is nothing.',

  build: 'Where it came from',
  builtBy: (workflow: string, repository: string): string =>
    `Uploaded by a run of the workflow ${workflow} of ${repository}, as the build’s own token proved.`,
  builtAt: (ref: string, commit: string): string => `The run was at ${ref}, commit ${commit}.`,
  buildRun: 'The run',
  buildUnknown: 'No build has proved where these files come from: a person or a key uploaded them.',

  policy: 'Release policy',
  policyNone: 'This project has no release policy.',
  policyJudged: (day: string): string => `Judged on ${day}.`,
  policyObserves: 'The policy only observes: its verdict stops nothing.',
  outcomes: { met: 'met', unmet: 'not met', unknown: 'could not be told', waived: 'let go' },
  rules: {
    signature: 'Signature by a named signer',
    'signature-age': 'Age of the signature',
    provenance: 'Provenance',
    builder: 'Builder',
    source: 'Source repository',
    'build-type': 'Kind of build',
    'build-level': 'Build level',
    sbom: 'List of components',
    'sbom-complete': 'Completeness of that list',
    vulnerabilities: 'Known vulnerabilities',
    'vulnerability-data': 'Age of the vulnerability data',
    scan: 'Malware scan',
    approvals: 'Approval by maintainers',
  } as Readonly<Record<string, string>>,
  expected: (what: string): string => `expected: ${what}`,
  letGo: (rules: string, until: string): string => `Let go: ${rules}, until ${until}. Why:`,

  sbom: 'Components (SBOM)',
  sbomNone: 'There is no list of what is in these files.',
  sbomLine: (format: string, count: number, shown: string): string =>
    count === 1 ? `${format}, 1 component` : `${format}, ${shown} components`,
  sbomAttached: 'brought along by its makers',
  sbomGenerated: 'found by this server in the file',

  evidence: 'Evidence to look at yourself',
  documents: {
    bundle: 'signature bundle',
    attestations: 'attestations',
    sbom: 'SBOM',
    release: 'release statement',
    provenance: 'provenance',
    'verification-summary': 'verification summary',
  } as Readonly<Record<string, string>>,
  further: 'Further facts',
  facts: {} as Readonly<Record<string, string>>,

  verifyYourself: 'Verify it yourself',
  verifyIntro:
    'Get the root from its makers by another way than this page; then nobody in between can give you another file unnoticed.',
  moreCommands: 'All commands, and ways without Signpost',
  checkInBrowser: 'Check a file in the browser',

  releases: 'Releases',
  noReleases: 'None has been published yet.',
  wholeChangelog: 'The whole changelog',
  noNotes: 'Nothing was written about this release.',
  withdrawn: 'withdrawn',
  withdrawnText: 'Taken back. Its files are not offered any more; if you have it, install another one.',
  quarantined: 'quarantined',
  quarantinedText: 'Taken out of service because a scanner found something in it. Do not use it.',
  olderReleases: 'Older releases',
  newestReleases: 'Back to the newest',
  textsIn: 'Texts in',

  commandsIntro:
    'This page comes from the server that you want to check. So take the root from somewhere else: from the makers’ website, their repository, a package of theirs, or by asking them.',
  step1: 'Compare the roots',
  rootsShown: (threshold: number, count: number): string =>
    count === 1
      ? 'This server names one root. Its digest must be the one that the makers tell you elsewhere.'
      : `This server names ${count} roots, of which ${threshold} must sign. Their digests must be those that the makers tell you elsewhere.`,
  rootDigest: 'Digest (SHA-256)',
  rootKey: 'Key',
  noRoots: 'No roots are pinned on this server yet: nothing can be verified.',
  step2: 'Download and verify',
  withSignpost: 'By the signpost command',
  withSignpostHint:
    'The file appears once every check has passed: the command verifies the trust list under the root that you name, the manifest under the trust list, and the file under the manifest; it refuses what is revoked, expired, or older than what it has seen.',
  downloadFirst: 'By any other way first',
  thenVerify: 'Then the same check of the file that is here:',
  withBundle: 'By the signature of the build',
  withBundleHint:
    'Who signed is for you to say: put the name of the workflow or person that the makers tell you elsewhere. The first command shows who the bundle says it was; believe it only after the second.',
  withOpenssl: 'By curl, jq and openssl, without Signpost',
  withOpensslHint:
    'Two signatures and a digest. Each “Signature Verified Successfully” counts, and so does the date at the end: past it, the manifest holds no longer. What was seen before is not compared: only the signpost command remembers.',
  onlyDigest: 'The digest alone',
  onlyDigestHint:
    'Against damage on the way, not against a forger: whoever can exchange the file here can exchange this digest, too.',
  linux: 'Linux',
  mac: 'macOS',
  windows: 'Windows (PowerShell)',

  verifyIntroPage:
    'The file stays on your computer: your browser digests it, fetches the signed documents of this project, and verifies them itself.',
  verifyCaution:
    'But this page came from the server that you want to check. Whoever controls it could show you anything. Put in the root that the makers told you elsewhere, and for certainty use the command.',
  noScript: 'This page needs JavaScript. Without it:',
  notBuilt: 'The script of this page is not built on this server. Without it:',
  dropHere: 'Drop a file here, or choose one',
  dropHint: 'Of any size. Nothing is sent.',
  rootField: 'Root that the makers told you (recommended)',
  rootFieldHint: 'The digest, 64 characters, or the key itself; several on a line each.',
  thresholdField: 'How many of them must sign',
  thresholdHint: 'Empty: all of them.',
  publishedFiles: 'What this server says it has published',
  publishedHint: 'By its word alone. The file that you drop is looked up here when no signature in force names it.',
  file: 'File',
  version: 'Version',
};

/** The shape of a catalogue: a text with something to fill in is a function. */
export type Texts = typeof english;
