/** Findings as results of a scanner (OASIS SARIF 2.1.0). */
import type { JsonObject } from '../json/foreign.ts';

/** What was found, as it is told to people. */
export interface ScannerFinding {
  /** Stays when the same is found again. */
  readonly id: string;
  readonly kind: string;
  readonly severity: string;
  readonly state: string;
  /** What findings of this kind are called. */
  readonly title: string;
  readonly sentence: string;
  /** What it usually is when it is harmless. */
  readonly benign: string;
  readonly source: string | null;
  readonly line: string | null;
}

const levels: Readonly<Record<string, string>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  note: 'note',
};

/** One run with a rule for each kind. The fingerprint of a result is the finding's id. */
export function describeSarif(findings: readonly ScannerFinding[], version: string): JsonObject {
  const kinds = [...new Map(findings.map((finding) => [finding.kind, finding])).values()];
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            ...{ name: 'signpost watch', version },
            rules: kinds.map(({ kind, title, benign }) => ({
              id: kind,
              shortDescription: { text: title },
              help: { text: `Usually, when it is harmless: ${benign}.` },
            })),
          },
        },
        results: findings.map(describeResult),
      },
    ],
  };
}

function describeResult({ id, kind, severity, state, sentence, source, line }: ScannerFinding): JsonObject {
  const place = source ?? '';
  return {
    ruleId: kind,
    level: levels[severity] ?? 'warning',
    message: { text: sentence },
    locations: [
      { logicalLocations: [{ name: place, fullyQualifiedName: `${place} ${line ?? ''}`.trim(), kind: 'package' }] },
    ],
    partialFingerprints: { 'signpostFinding/v1': id },
    properties: { severity, state },
  };
}
