/** What the page that checks files says, in German. */
import type { Translation } from '../language/message.ts';
import type { texts as english } from './texts.en.ts';

/** The texts. */
export const texts: Translation<typeof english> = {
  reading: '{name} wird gelesen',
  digesting: '{name} wird gelesen: {done} von {size}',
  asking: 'Die signierten Dokumente werden geprüft',
  insecure:
    'Diese Seite wurde nicht über HTTPS geladen, darum gibt Ihr Browser ihr keine Kryptografie. Nichts wurde geprüft. Nehmen Sie den Befehl.',
  unsupported:
    'Ihr Browser kennt keine Ed25519-Signaturen. Nichts wurde geprüft. Nehmen Sie einen neueren oder den Befehl.',
  unreadable:
    'Die Datei ließ sich nicht lesen: {reason}. Wählen Sie sie noch einmal; ein Ordner lässt sich nicht prüfen.',
  badRoot:
    'Nichts wurde geprüft: Was oben steht, ist weder der Digest einer Wurzel noch ihr Schlüssel, oder die Zahl passt nicht.',
  wrongRoot:
    'Dieser Server zeigt keine Wurzel mit dem Digest, der oben steht. Entweder ist der Digest nicht der, den Ihnen die Hersteller genannt haben, oder dies ist nicht ihr Server. Benutzen Sie keine Dateien von hier, bevor Sie wissen, was zutrifft.',
  badServerRoots:
    'Nichts wurde geprüft: Was dieser Server als seine Wurzeln zeigt, sind keine Schlüssel. Das müssen seine Betreiber richten.',
  noRoots: 'Dieser Server nennt keine Wurzeln: Nichts lässt sich prüfen.',

  released: 'Das ist {name} aus dem Release {version}',
  releasedLead: 'Ein signiertes und gültiges Manifest nennt genau diese Datei.',
  releasedUnpinned:
    'Ein signiertes und gültiges Manifest nennt genau diese Datei, unter Wurzeln, die dieser Server selbst genannt hat.',
  other: 'Das ist keine Datei des Releases im Dienst',
  otherLead:
    'Was signiert und gültig ist ({versions}), nennt keine Datei mit diesen Bytes. Das beweist weder, dass die Datei schlecht ist, noch dass sie gut ist.',
  namesake:
    'Das Release im Dienst hat eine Datei dieses Namens mit anderen Bytes. Benutzen Sie diese nicht: Sie wurde verändert, beschädigt oder gehört zu einem anderen Release.',
  empty: 'Kein Release ist im Dienst',
  emptyLead:
    'Dieser Server zeigt kein signiertes Manifest, es gibt also nichts, womit sich die Datei vergleichen ließe.',
  refused: 'Was dieser Server gegeben hat, hält der Prüfung nicht stand',
  refusedLead: 'Über die Datei ist darum nichts bekannt. Benutzen Sie sie nicht auf das Wort dieses Servers hin.',
  forgetful: 'Was dieser Browser von diesem Server noch weiß, lässt sich nicht lesen',
  forgetfulLead:
    'Nichts wurde geprüft. Das ist ein Schaden im Speicher Ihres Browsers; über den Server und die Datei sagt er nichts.',
  forgetHint:
    'Ist es vergessen, lassen sich Dateien wieder prüfen; nur wird zunächst kein älteres Release vom neuesten unterschieden, wie beim ersten Besuch. Die Wurzeln bleiben.',
  forget: 'Vergessen und noch einmal prüfen',
  failed:
    'Nichts wurde bewiesen: Diese Seite ist gescheitert ({reason}). Laden Sie sie neu, oder nehmen Sie den Befehl.',

  claimedSuperseded:
    'Dieser Server sagt, das seien die Bytes von {name} aus dem Release {version}, dem ein neueres gefolgt ist. Keine gültige Signatur sagt das.',
  claimedWithdrawn:
    'Dieser Server sagt, das seien die Bytes von {name} aus dem Release {version}, das zurückgezogen wurde. Installieren Sie ein anderes Release.',
  claimedActive:
    'Dieser Server führt diese Bytes als {name} aus dem Release {version}, im Dienst; aber kein Manifest, das der Prüfung standhält, nennt sie.',

  proven: 'Was bewiesen wurde',
  unproven: 'Was nicht',
  facts: 'Die Datei',
  size: 'Größe',
  digest: 'SHA-256',

  rootSigned: 'Die Vertrauensliste {version}, in Kraft bis {until}, ist signiert von {whose}.',
  rootsSigned: 'Die Vertrauensliste {version}, in Kraft bis {until}, ist signiert von mindestens {needed} von {whose}.',
  rootFollowed:
    'Die Vertrauensliste {version}, in Kraft bis {until}, ist von den Wurzeln signiert, die durch signierte Wechsel hervorgegangen sind aus {whose}.',
  rootsFollowed:
    'Die Vertrauensliste {version}, in Kraft bis {until}, ist von den Wurzeln signiert, die durch signierte Wechsel hervorgegangen sind aus {whose}; den ersten Wechsel mussten mindestens {needed} davon signieren.',
  whose_visitor: '{count|der Wurzel|den # Wurzeln}, die Sie genannt haben ({ids})',
  whose_link: '{count|der Wurzel|den # Wurzeln}, die ein Link hergebracht hat ({ids})',
  whose_kept: '{count|der Wurzel|den # Wurzeln}, die Sie hier am {since} genannt haben ({ids})',
  whose_linked: '{count|der Wurzel|den # Wurzeln}, die ein Link am {since} hergebracht hat ({ids})',
  whose_seen: '{count|der Wurzel|den # Wurzeln}, an {count|der|denen} dieser Browser seit {since} festhält ({ids})',
  whose_server: '{count|der Wurzel|den # Wurzeln}, die dieser Server nennt ({ids})',
  keyServer:
    'Diese Liste nennt den Schlüssel „{label}“, den der Server hält, für dieses Projekt; er ist nicht widerrufen und hat das Manifest signiert.',
  keyMaintainers:
    '{count|Ein Maintainer hat|# Maintainer haben} das Manifest signiert, wie es diese Liste verlangt, mit Schlüsseln, die nicht auf dem Server liegen.',
  manifest:
    'Das Manifest gehört zum Release {version} auf dem Kanal {channel}, Nummer {counter}, signiert am {signed}, und gilt bis {until}.',
  manifestUnbounded:
    'Das Manifest gehört zum Release {version} auf dem Kanal {channel}, Nummer {counter}, signiert am {signed}.',
  counterSeen: 'Es ist nicht älter als das, was dieser Browser schon gesehen hat (Nummer {before}).',
  logged:
    'Das Release ist Eintrag {index} im Transparenzprotokoll {origin}, das diese Liste nennt: Wer das Protokoll liest, sieht es.',
  bytes: 'Die Datei hat genau die Bytes, die das Manifest nennt.',
  policyMet: 'Als es signiert wurde, war die Richtlinie des Projekts erfüllt, nach dem Wort dessen, der signiert hat.',

  pageDoubt:
    'Dass diese Seite Ihnen die Wahrheit gesagt hat. Sie kam von diesem Server: Wer ihn in der Hand hat, könnte Ihnen alles zeigen. Nehmen Sie für Gewissheit den Befehl, mit der Wurzel von anderswo.',
  rootsDoubt:
    'Dass dies die Wurzeln der Hersteller sind. Vergleichen Sie den Digest mit dem, was sie anderswo nennen, und tragen Sie ihn oben ein.',
  linkDiffers:
    'Der Link brachte andere Wurzeln als die bisherigen oder verlangt eine andere Zahl von ihnen. Dieser Browser bleibt bei {whose}. So sieht ein falscher Link aus, und so auch einer, nachdem die Hersteller ihre Wurzeln gewechselt haben: Fragen Sie sie. Wenn es so ist, öffnen Sie diese Seite ohne den Link und tragen ein, was sie Ihnen nennen.',
  linkDoubt:
    'Dass dies die Wurzeln der Hersteller sind: Ein Link hat sie hergebracht, und sie sind so viel wert wie der Ort, an dem Sie ihn gefunden haben.',
  seenDoubt:
    'Dass dies die Wurzeln der Hersteller sind: Dieser Browser hat sie von diesem Server und würde von nun an andere bemerken.',
  counterDoubt:
    'Dass es kein neueres Release gibt: Dieser Browser hat noch keines gesehen und kann mit nichts vergleichen.',
  equivocationDoubt: 'Dass allen dasselbe Release gezeigt wird.',
  logDoubt:
    'Dass allen dasselbe Protokoll gezeigt wird. Dieser Browser würde merken, wenn es zurücknähme, was es hier gezeigt hat; für das Übrige muss es jemand beobachten.',
  harmDoubt: 'Dass die Datei nicht schadet. Signaturen sagen wer, nicht was.',
  scanClean: 'Der Server der Hersteller hat signiert, dass {engine} am {day} nichts darin gefunden hat.',
  scanNone: 'Kein Scanner hat hineingesehen.',

  code_bad_signature: 'Eine Signatur ist falsch oder fehlt.',
  code_root_not_trusted: 'Die Wurzeln haben nicht für sich selbst signiert.',
  code_trust_missing: 'Es gibt keine Vertrauensliste.',
  code_trust_expired: 'Die Vertrauensliste ist abgelaufen: Jemand könnte eine neuere zurückhalten.',
  code_trust_replayed:
    'Die Vertrauensliste ist älter als das, was dieser Browser gesehen hat, oder eine andere unter derselben Nummer: ein Zeichen für einen Angriff.',
  code_manifest_missing:
    'Es gibt kein Manifest mehr, obwohl dieser Browser eines gesehen hat: Jemand könnte es zurückhalten.',
  code_manifest_stale: 'Das Manifest ist abgelaufen: Jemand könnte ein neueres zurückhalten.',
  code_manifest_replayed:
    'Das Manifest ist älter als das, was dieser Browser gesehen hat, oder ein anderes unter derselben Nummer: ein Zeichen für einen Angriff.',
  code_key_revoked: 'Der Schlüssel, der signiert hat, ist widerrufen.',
  code_key_unknown: 'Der Schlüssel, der signiert hat, steht nicht auf der Vertrauensliste.',
  code_key_out_of_scope: 'Der Schlüssel, der signiert hat, darf nicht für dieses Projekt signieren.',
  code_key_not_in_window: 'Der Schlüssel, der signiert hat, gilt zu dieser Zeit nicht.',
  code_wrong_project: 'Das Manifest gehört zu einem anderen Projekt.',
  code_wrong_channel: 'Das Manifest gehört zu einem anderen Kanal.',
  code_log_proof_missing:
    'Nichts beweist, dass das Release im Transparenzprotokoll steht, und die Vertrauensliste verlangt es.',
  code_log_proof_invalid: 'Der Nachweis, dass das Release im Transparenzprotokoll steht, hält nicht.',
  code_log_untrusted: 'Das Transparenzprotokoll ist ein anderes, als die Vertrauensliste nennt.',
  code_log_inconsistent:
    'Das Transparenzprotokoll zeigt eine andere Geschichte, als dieser Browser gesehen hat: ein Zeichen für einen Angriff.',
  code_fetch_failed: 'Der Server hat die signierten Dokumente nicht gegeben.',
  code_other: 'Ein Dokument ist nicht, wie es sein muss.',
  reason: 'In den Worten des Prüfers: {message}',
};
