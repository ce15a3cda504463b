/** What the pages of gates, mails and settings of other tools say beside the rest of the watch, in German. */
import type { Translation } from '../../language/message.ts';
import type { gateTexts as english } from './gate-texts.en.ts';

/** The texts. */
export const gateTexts: Translation<typeof english> = {
  gateDetails: 'Ausführlich',
  exportFrom: 'Welche Signierer',
  from_learned: 'die gelernten',
  from_policy: 'die der geltenden Richtlinie',
  exportSource: 'Nur von Quellen',
  exportSourceHint: 'Ein Muster wie oci:ghcr.io/org/*. Leer: von allen.',
  attach: 'Öffentliche Schlüssel und Zertifikate',
  attachText:
    'Von Schlüsseln kennt die Wache nur Digests. Legen Sie bei, was die Einstellungen nennen, unter dem Pfad, mit dem sie es nennen.',
  attachDrop: 'Schlüssel oder Zertifikate ablegen (PEM)',
  attachName: 'Pfad in den Einstellungen',
  attachMany: 'Erwartet waren höchstens {max} Schlüssel und Zertifikate',
  attachLarge: 'Erwartet war ein Schlüssel oder Zertifikat von höchstens 64 KiB; {name} ist größer',
  attachRemove: 'Weglassen',
  declarations: 'Quellen, die die Datei nennt',
  declarationsText:
    'Sie werden hier bewacht. Erklären Sie auf ihren Seiten, wer sie signiert, wenn nichts mehr gelernt werden soll.',
  gates: 'Gates',
  gatesIntro:
    'Darf das benutzt werden? Nach dem, was davon gesehen und entschieden wurde, so wie es Builds, Cluster und der Befehl erfahren.',
  gateReference: 'Was benutzt werden soll',
  gateReferenceHint:
    'Ein Abbild, ein Paket oder ein Release, am besten mit Digest: ghcr.io/org/app@sha256:… oder npm:@scope/name@1.2.3',
  gateAsk: 'Fragen',
  gateWould: 'durchgesetzt hieße es: {outcome}',
  gateHolds: 'Gilt bis',
  toSource: 'Die Quelle und wer sie signiert',
  gateUse: 'Von anderswo fragen',
  gateUseText:
    'Builds fragen mit dem Befehl, der mit 0, 1, 2 oder 3 endet; Cluster über einen Admission-Webhook (docs/watch.md). Wer stattdessen eine Erklärung aufhebt, nimmt sie signiert.',
  gateCommand: 'In einem Build',
  gateSummary: 'Signierte Zusammenfassung (SLSA)',
  mail: 'Post',
  mailIntro: 'Wer per Post von Befunden erfährt, und von welchen.',
  mailOff: 'Dieser Server verschickt keine Post',
  mailOffText: 'Setzen Sie SIGNPOST_SMTP_URL und starten Sie ihn neu (docs/operations.md).',
  mailAddress: 'Adresse',
  mailOf: 'Erfährt von',
  mailWish: '{severity} oder schlimmer',
  pace_immediately: 'sobald es geschieht',
  pace_daily: 'einmal am Tag',
  mailPace: 'Wie oft',
  mailTold: 'bestätigt',
  mailWaits: 'nicht bestätigt',
  mailSent: 'Letzte Post',
  mailTry: 'Probe',
  mailTried: 'Eine Mail ist unterwegs.',
  mailRemove: 'Nichts mehr schicken',
  mailRemoveText: 'Die Adresse erfährt nichts mehr, und was für sie wartet, wird nicht verschickt.',
  mailRemoved: 'Die Adresse erfährt nichts mehr.',
  mailAdd: 'Eine Adresse unterrichten',
  mailAddText: 'Sie wird zuerst gefragt, mit einem Code, der 24 Stunden gilt; vorher bekommt sie nichts.',
  mailAsked: 'Die Adresse wird gefragt.',
  mailConfirm: 'Adresse bestätigen',
  mailConfirmText: 'Mit dem Code, der an sie ging. Wer die Post liest, kann auch mit dem Befehl bestätigen.',
  mailCode: 'Code',
  mailConfirmed: 'Die Adresse erfährt ab jetzt davon.',
  selftest: 'Kommt der Alarm?',
  selftestText:
    'In einem eigenen Repository signiert der Befehl ein Image, entfernt die Signatur, signiert als Fremder erneut und sieht nach, ob Befunde, Gates und Webhooks es sagen. Quelle, Befunde und die Vertrauenswurzel, die er so lange braucht, sind danach fort oder verworfen. Er braucht die Rechte eines Administrators.',
  selftestRepository: 'Repository für die Probe',
  selftestRepositoryHint:
    'Etwa registry.corp:5000/signpost/selftest, nur dafür. Leer: Der Befehl stellt selbst eines bereit.',
  selftestHosts: 'Der Server darf dieses Repository noch nicht lesen: Seine Einstellungen müssen die Adresse nennen.',
  selftestSetting: 'Einstellung des Servers',
  selftestHere: 'Auf dem Rechner des Servers',
  selftestAnywhere: 'Auf einem Rechner, der dorthin pushen darf',
};
