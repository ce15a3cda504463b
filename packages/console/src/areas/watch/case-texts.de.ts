/** What the pages of artifacts, clusters and signers say beside the rest of the watch, in German. */
import type { Translation } from '../../language/message.ts';
import type { caseTexts as english } from './case-texts.en.ts';

/** The texts. */
export const caseTexts: Translation<typeof english> = {
  cases: 'Artefakte',
  casesIntro:
    'Abbilder, Pakete und Dateien mit Befunden, über die niemand entschieden hat: je mit allen, das Neueste zuerst.',
  casesNone: 'Kein Artefakt braucht eine Entscheidung',
  casesNoneText: 'Was an einem Artefakt auffällt, steht hier, bis jemand gesagt hat, was es ist.',
  artifact: 'Artefakt',
  takeAlong: 'Mitnehmen',
  takeAlongText: 'Was die Wache weiß, als Dateien für andere Programme. SARIF lesen die Code-Scans der Forges.',
  takeInventory: 'Quellen und wer sie signiert (JSON)',
  takeFindings: 'Offene Befunde (SARIF)',
  kubeconfig: 'Aus einer kubeconfig',
  kubeconfigMake: 'Schreibt in eine Datei, womit kubectl gerade arbeitet',
  kubeconfigDrop: 'cluster.json ablegen',
  kubeconfigDropHint:
    'Sie wird hier im Browser gelesen und füllt die Felder darunter. Wer sich durch ein Programm ausweist, wird abgelehnt: Nehmen Sie ein Token des Dienstkontos.',
  clusterProof: 'Weist sich aus durch',
  clusterCertificate: 'Client-Zertifikat (PEM)',
  clusterKey: 'Sein privater Schlüssel (PEM)',
  policyProposed: 'Eine zweite Person ist nötig',
  policyProposedText:
    'Diese Richtlinie lässt mehr durch, wo zwei Menschen entscheiden. Sie gilt, sobald eine andere Administratorin dieselbe in Kraft setzt.',
  narrow: 'Nur unter diesen Angaben',
  refType: 'Lief für',
  refTypeAny: 'einen beliebigen Ref',
  refType_tag: 'einen Tag',
  refType_branch: 'einen Branch',
  'refType_pull-request': 'einen Pull-Request',
  refType_other: 'etwas anderes',
  claim_repository: 'Repository',
  claim_workflow: 'Workflow',
  claim_ownerId: 'Nummer der Eigentümerin',
  claim_repositoryId: 'Nummer des Repositorys',
};
