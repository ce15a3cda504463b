/** What the way says, in German. */
import type { Translation } from '../../language/message.ts';
import type { texts as english } from './texts.en.ts';

/** The texts. */
export const texts: Translation<typeof english> = {
  title: 'Einrichten',
  intro:
    'Vom leeren Server zum ersten Release, das jeder nachprüfen kann. Sie können jederzeit aufhören: diese Seite weiß, wo Sie stehen.',
  titleDone: 'Alles ist eingerichtet',
  introDone: 'Ein Release ist im Einsatz, signiert mit einem Schlüssel, für den Ihre Offline-Wurzel bürgt.',
  step_vault: 'Den Tresor öffnen',
  step_key: 'Den Signierschlüssel des Servers erzeugen',
  step_root: 'Die Offline-Wurzel dafür bürgen lassen',
  step_project: 'Das erste Projekt anlegen',
  step_upload: 'Das erste Release hochladen',
  step_activate: 'Es in den Einsatz geben',
  step_verify: 'Selbst nachprüfen',
  done_vault: 'offen; der Server verwahrt seine Schlüssel darin',
  done_key: 'Schlüssel {key}…',
  done_root: 'Vertrauensliste {version} gilt',
  done_project: '{project}',
  done_upload: '{release}',
  done_activate: '{release} ist im Einsatz',
  done_verify: 'geprüft',
  vaultText:
    'Der Tresor ist verschlossen. Öffnen Sie ihn mit dem Hauptpasswort: „signpost unlock“, oder melden Sie sich hier ab und wieder an.',
  keyText:
    'Er signiert, was Clients installieren, und liegt im Tresor. Für sich allein gilt er nichts: Clients glauben ihm erst, wenn Ihre Offline-Wurzel ihn in einer Vertrauensliste genannt hat.',
  keyMake: 'Signierschlüssel erzeugen',
  rootText:
    'Gehen Sie an einen Rechner, dem Sie trauen, am besten einen ohne Netz, mit Signpost darauf. Der Wurzelschlüssel entsteht dort und verlässt ihn nie. Wer diesen Server stiehlt, kann ihn nicht ersetzen.',
  rootCommands: 'Auf der Offline-Maschine',
  rootCommandsText:
    'Der erste Befehl gibt den öffentlichen Schlüssel der Wurzel aus, der letzte zeigt die Liste in Worten, fragt und schreibt trust.json. Bringen Sie diese Datei hierher. Verwahren Sie den Ordner ~/signpost-root auf zwei Datenträgern und die Passphrase getrennt davon.',
  rootKey: 'Öffentlicher Schlüssel der Wurzel',
  rootKeyHint:
    'Wie „signpost root init“ ihn ausgab. Halten mehrere Menschen Wurzeln, dann alle, durch Leerzeichen getrennt.',
  rootKeyFirst:
    'Geben Sie auch den öffentlichen Schlüssel der Wurzel ein: nur daran erkennt dieser Browser, ob die Liste Ihre ist.',
  rootPinned: 'Schon festgeschrieben:',
  listDrop: 'trust.json hier ablegen oder auswählen',
  listDropHint: 'Sie wird in diesem Browser geprüft. Nichts wird gesendet, bevor Sie es sagen.',
  listRefused: 'Diese Liste wird nicht übernommen',
  listHolds: 'Hier geprüft: signiert von {signers} von {roots}, gilt bis {until}',
  listWithoutPush:
    'Die Liste nennt den Push-Schlüssel dieses Servers nicht. Clients erfahren dann nichts sofort; alles andere geht.',
  listWords: 'Was sie sagt, in den Worten, die „signpost root sign“ zeigte. Vergleichen Sie die Schlüsselnummern.',
  hintSignature:
    'Die Datei wurde von einer anderen Wurzel signiert als der oben, oder unterwegs verändert. Vergleichen Sie den öffentlichen Schlüssel.',
  hintKey:
    'Führen Sie die Befehle oben noch einmal aus, „root add-key“ und „root sign“, und bringen Sie die neue Datei.',
  hintList: 'Bringen Sie die Datei, die „signpost root sign“ geschrieben hat.',
  pinAndBringIn: 'Diese Wurzel festschreiben und die Liste in Kraft setzen',
  bringIn: 'Die Liste in Kraft setzen',
  pinText:
    'Die Wurzel wird einmal festgeschrieben. Danach gelten nur Listen, die sie signiert, und nur solche können eine andere nennen.',
  broughtIn: 'Vertrauensliste {version} gilt',
  activateKeyText: 'Die Liste nennt den Schlüssel des Servers. Jetzt darf der Server damit signieren.',
  activateKey: 'Ab jetzt damit signieren',
  projectText: 'Ein Projekt ist eine Sache, die Sie ausliefern. Clients fragen unter seinem Kurznamen danach.',
  slug: 'Kurzname',
  slugHint: 'Teil jeder Adresse. Er kann später nicht geändert werden: Kleinbuchstaben, Ziffern und Bindestriche.',
  types: 'Nimmt an',
  typesHint: 'In Archive wird hineingesehen, ob etwas darin beim Auspacken gefährlich wäre.',
  typesArchives: 'ZIP- und tar.gz-Archive',
  typesAny: 'jede Datei',
  projectCreate: 'Projekt anlegen',
  uploadText: 'Die Datei wird untersucht und gehört dann zu einem Entwurf. Noch erreicht nichts jemanden.',
  uploadDrop: 'Datei hier ablegen oder auswählen',
  uploadDropHint: 'Ihr SHA-256 wird zuerst in diesem Browser berechnet.',
  uploadSettings: 'Was ein Projekt annimmt, steht in seinen Einstellungen:',
  uploadSettingsLink: 'Einstellungen von {project}',
  version: 'Version',
  upload: 'Hochladen',
  activateText: 'Version {version} ist bereit. Ab jetzt bekommen Clients des Kanals {channel} sie, signiert.',
  activate: '{version} in den Einsatz geben',
  activateApprovals:
    'Ihre Vertrauensliste verlangt für dieses Projekt {count|# Unterschrift|# Unterschriften} von Maintainern.',
  toRelease: 'Das Release ansehen',
  checkedList: 'Vertrauensliste {version}, signiert von der festgeschriebenen Wurzel, gilt bis {until}',
  checkedManifest: 'Manifest {counter} von {version}, signiert mit Schlüssel {key}…',
  checkedFile: 'Datei von {size}, SHA-256 {sha256}…, wie das Manifest sagt',
  uncheckedFile: 'Datei von {size}: zu groß für eine Seite, nehmen Sie die Befehle',
  checkedText:
    'Dieser Browser hat eben getan, was ein Client tut, von den Wurzeln an. Aber Seite und Wurzeln kamen von diesem Server: die Befehle unten hängen nicht von ihm ab.',
  checkedNone: 'Clients wird im Augenblick kein Release angeboten.',
  verifyYourself: 'Von einem anderen Rechner',
  verifyText:
    'Die Wurzel steht in den Befehlen: vergleichen Sie sie mit dem, was die Offline-Maschine ausgab. Prüfen lässt sich eine Datei von überall her, etwa von einem Spiegel.',
  verifyDownload: 'Geprüft herunterladen',
  verifyFile: 'Eine vorhandene Datei prüfen',
  infoPage: 'Öffentliche Seite',
  next: 'Was als Nächstes kommt',
  nextAddresses: 'Adressen für Clients, README und Website',
  nextCopies: 'Kopien der Offline-Wurzel auf zwei Datenträgern, eine davon ausprobiert mit „signpost root test“.',
  nextApprovals:
    'Zwei Menschen statt eines Servers: „signpost root set-project“ verlangt Unterschriften von Maintainern, dann veröffentlicht ein gestohlener Server nichts.',
};
