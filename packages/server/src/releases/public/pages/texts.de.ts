/** What the public pages say, in German. */
import type { Texts } from './texts.en.ts';

/** The texts. */
export const german: Texts = {
  languageName: 'Deutsch',
  languages: 'Sprache',
  views: 'Über dieses Projekt',
  info: 'Release',
  changelog: 'Änderungen',
  commands: 'Per Befehl prüfen',
  verify: 'Datei prüfen',
  servedBy:
    'Von Signpost ausgeliefert. Was diese Seite sagt, ist das Wort des Servers; was signiert ist, lässt sich ohne ihn prüfen.',

  projects: 'Projekte',
  projectsOf: (name) => `Was ${name} veröffentlicht`,
  noProjects: 'Hier wurde noch nichts veröffentlicht.',
  noProjectsHint: 'Ein Projekt erscheint, sobald sein erstes Release in Dienst geht.',
  latestVersion: (version) => `${version} im Dienst`,
  nothingInService: 'nichts im Dienst',
  moreProjects: 'Weitere Projekte',
  firstProjects: 'Von vorn',

  inService: 'im Dienst',
  signed: 'signiert',
  scannedClean: 'gescannt: sauber',
  notScanned: 'nicht gescannt',
  policyMet: 'Richtlinie: erfüllt',
  policyWaived: 'Richtlinie: erfüllt bis auf Ausnahmen',
  policyUnmet: 'Richtlinie: nicht erfüllt',
  noReleaseInService: 'Zurzeit ist kein Release im Dienst.',
  noReleaseHint: 'Hier lässt sich nichts laden und prüfen, bis seine Hersteller ein Release in Dienst stellen.',
  download: 'Herunterladen',
  channel: 'Kanal',
  size: 'Größe',
  bytes: (count) => `${count} Byte`,
  digest: 'SHA-256',
  signedOn: 'Signiert',
  validUntil: 'Gilt bis',

  checked: 'Wie dieses Release geprüft wurde',
  whoSigned: 'Wer signiert hat',
  signedByServer: (label, id) => `Signiert vom Schlüssel „${label}“ des Servers (${id}).`,
  signedByMaintainers: (count) =>
    count === 1
      ? 'Signiert von einem Maintainer, mit einem Schlüssel, der nicht auf diesem Server liegt:'
      : `Signiert von ${count} Maintainern, mit Schlüsseln, die nicht auf diesem Server liegen:`,
  signerNamed: (label, id) => `„${label}“ (${id})`,
  approvalsDemanded: (count) =>
    count === 1
      ? 'Die Offline-Wurzeln verlangen die Signatur eines Maintainers. Wer diesen Server stiehlt, kann nichts veröffentlichen, was Clients annehmen.'
      : `Die Offline-Wurzeln verlangen die Signaturen von ${count} Maintainern. Wer diesen Server stiehlt, kann nichts veröffentlichen, was Clients annehmen.`,
  noApprovals:
    'Kein Maintainer muss signieren: Wer den Schlüssel des Servers in der Hand hat, kann ein Release dieses Projekts veröffentlichen.',
  vouchedFor: (version, until) =>
    `Dass diese Schlüssel zählen, sagt die Vertrauensliste ${version}, offline von den Wurzeln signiert, in Kraft bis ${until}.`,

  scanner: 'Malware-Scan',
  scanClean: (engine, day) => `${engine} hat am ${day} in keiner Datei etwas gefunden.`,
  scanSignatures: (day) => `Bekannt war ihm, was am ${day} bekannt war.`,
  scannedAgain: (day) => `Seither erneut angesehen, zuletzt am ${day}: weiterhin nichts.`,
  scanNone: 'Kein Scanner hat in diese Dateien gesehen.',
  scanLimit: 'Ein sauberer Scan sagt, dass nichts Bekanntes gefunden wurde, nicht dass nichts da ist.',

  build: 'Woher es kommt',
  builtBy: (workflow, repository) =>
    `Hochgeladen von einem Lauf des Workflows ${workflow} aus ${repository}, wie das Token des Builds belegt hat.`,
  builtAt: (ref, commit) => `Der Lauf stand auf ${ref}, Commit ${commit}.`,
  buildRun: 'Der Lauf',
  buildUnknown:
    'Kein Build hat belegt, woher diese Dateien kommen: Eine Person oder ein Schlüssel hat sie hochgeladen.',

  policy: 'Release-Richtlinie',
  policyNone: 'Dieses Projekt hat keine Release-Richtlinie.',
  policyJudged: (day) => `Beurteilt am ${day}.`,
  policyObserves: 'Die Richtlinie beobachtet nur: Ihr Urteil hält nichts auf.',
  outcomes: { met: 'erfüllt', unmet: 'nicht erfüllt', unknown: 'nicht feststellbar', waived: 'ausgenommen' },
  rules: {
    signature: 'Signatur von benannter Stelle',
    'signature-age': 'Alter der Signatur',
    provenance: 'Herkunftsnachweis',
    builder: 'Builder',
    source: 'Quell-Repository',
    'build-type': 'Art des Builds',
    'build-level': 'Build-Stufe',
    sbom: 'Liste der Bestandteile',
    'sbom-complete': 'Vollständigkeit dieser Liste',
    vulnerabilities: 'Bekannte Schwachstellen',
    'vulnerability-data': 'Alter der Schwachstellendaten',
    scan: 'Malware-Scan',
    approvals: 'Freigabe durch Maintainer',
  },
  expected: (what) => `erwartet: ${what}`,
  letGo: (rules, until) => `Ausgenommen: ${rules}, bis ${until}. Warum:`,

  sbom: 'Bestandteile (SBOM)',
  sbomNone: 'Es gibt keine Liste dessen, was in diesen Dateien steckt.',
  sbomLine: (format, count, shown) => (count === 1 ? `${format}, 1 Bestandteil` : `${format}, ${shown} Bestandteile`),
  sbomAttached: 'von den Herstellern mitgebracht',
  sbomGenerated: 'von diesem Server in der Datei gefunden',

  evidence: 'Belege zum Selbstansehen',
  documents: {
    bundle: 'Signatur-Bundle',
    attestations: 'Attestierungen',
    sbom: 'SBOM',
    release: 'Release-Aussage',
    provenance: 'Herkunftsnachweis',
    'verification-summary': 'Prüfergebnis',
  },
  further: 'Weitere Angaben',
  facts: {
    'Requires WordPress': 'Braucht WordPress',
    'Tested up to': 'Getestet bis',
    'Requires PHP': 'Braucht PHP',
    License: 'Lizenz',
    Tags: 'Schlagwörter',
  },

  verifyYourself: 'Selbst prüfen',
  verifyIntro:
    'Holen Sie die Wurzel bei den Herstellern auf einem anderen Weg als über diese Seite; dann kann Ihnen niemand dazwischen unbemerkt eine andere Datei geben.',
  moreCommands: 'Alle Befehle, auch Wege ohne Signpost',
  checkInBrowser: 'Eine Datei im Browser prüfen',

  releases: 'Releases',
  noReleases: 'Noch keines wurde veröffentlicht.',
  wholeChangelog: 'Alle Änderungen',
  noNotes: 'Zu diesem Release wurde nichts geschrieben.',
  withdrawn: 'zurückgezogen',
  withdrawnText:
    'Zurückgezogen. Seine Dateien werden nicht mehr angeboten; wer es hat, sollte ein anderes installieren.',
  quarantined: 'in Quarantäne',
  quarantinedText: 'Außer Dienst, weil ein Scanner etwas darin gefunden hat. Nicht benutzen.',
  olderReleases: 'Ältere Releases',
  newestReleases: 'Zurück zu den neuesten',
  textsIn: 'Texte auf',

  commandsIntro:
    'Diese Seite kommt von dem Server, den Sie prüfen wollen. Nehmen Sie die Wurzel darum von anderswo: von der Website der Hersteller, aus ihrem Repository, aus einem ihrer Pakete, oder fragen Sie nach.',
  step1: 'Die Wurzeln vergleichen',
  rootsShown: (threshold, count) =>
    count === 1
      ? 'Dieser Server nennt eine Wurzel. Ihr Digest muss der sein, den Ihnen die Hersteller anderswo nennen.'
      : `Dieser Server nennt ${count} Wurzeln, von denen ${threshold} signieren müssen. Ihre Digests müssen die sein, die Ihnen die Hersteller anderswo nennen.`,
  rootDigest: 'Digest (SHA-256)',
  rootKey: 'Schlüssel',
  noRoots: 'Auf diesem Server sind noch keine Wurzeln festgelegt: Nichts lässt sich prüfen.',
  step2: 'Laden und prüfen',
  withSignpost: 'Mit dem Befehl signpost',
  withSignpostHint:
    'Die Datei erscheint erst, wenn jede Prüfung bestanden ist: Der Befehl prüft die Vertrauensliste unter der Wurzel, die Sie nennen, das Manifest unter der Vertrauensliste und die Datei unter dem Manifest; er weist ab, was widerrufen, abgelaufen oder älter ist als das, was er gesehen hat.',
  downloadFirst: 'Erst auf anderem Weg laden',
  thenVerify: 'Dann dieselbe Prüfung für die Datei, die da ist:',
  withBundle: 'Mit der Signatur des Builds',
  withBundleHint:
    'Wer signiert haben soll, sagen Sie: Setzen Sie den Namen des Workflows oder der Person ein, den Ihnen die Hersteller anderswo nennen. Der erste Befehl zeigt, wer es laut Bundle war; glauben Sie es erst nach dem zweiten.',
  withOpenssl: 'Mit curl, jq und openssl, ohne Signpost',
  withOpensslHint:
    'Zwei Signaturen und ein Digest. Es zählt jedes „Signature Verified Successfully“ und das Datum am Ende: Danach gilt das Manifest nicht mehr. Was früher gesehen wurde, wird nicht verglichen: Das merkt sich nur der Befehl signpost.',
  onlyDigest: 'Nur der Digest',
  onlyDigestHint:
    'Gegen Schäden unterwegs, nicht gegen Fälscher: Wer die Datei hier austauschen kann, kann auch diesen Digest austauschen.',
  linux: 'Linux',
  mac: 'macOS',
  windows: 'Windows (PowerShell)',

  verifyIntroPage:
    'Die Datei bleibt auf Ihrem Rechner: Ihr Browser bildet den Digest, holt die signierten Dokumente dieses Projekts und prüft sie selbst.',
  verifyCaution:
    'Aber diese Seite kam von dem Server, den Sie prüfen wollen. Wer ihn in der Hand hat, könnte Ihnen alles zeigen. Tragen Sie die Wurzel ein, die Ihnen die Hersteller anderswo genannt haben, und nehmen Sie für Gewissheit den Befehl.',
  noScript: 'Diese Seite braucht JavaScript. Ohne geht es so:',
  notBuilt: 'Das Skript dieser Seite ist auf diesem Server nicht gebaut. Ohne geht es so:',
  dropHere: 'Datei hier ablegen oder auswählen',
  dropHint: 'Beliebig groß. Nichts wird gesendet.',
  rootField: 'Wurzel, die Ihnen die Hersteller genannt haben (empfohlen)',
  rootFieldHint: 'Der Digest, 64 Zeichen, oder der Schlüssel selbst; mehrere auf je einer Zeile.',
  thresholdField: 'Wie viele davon signieren müssen',
  thresholdHint: 'Leer: alle.',
  publishedFiles: 'Was dieser Server nach eigener Aussage veröffentlicht hat',
  publishedHint:
    'Allein nach seinem Wort. Die abgelegte Datei wird hier nachgeschlagen, wenn keine gültige Signatur sie nennt.',
  file: 'Datei',
  version: 'Version',
};
