/** Findings as results of a scanner (OASIS SARIF 2.1.0). */
import { cellOf, type JsonObject, textOf } from '../../http/answer.ts';

const levels: Readonly<Record<string, string>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  note: 'note',
};

/** One run with a rule for each kind. The fingerprint of a result is the finding's id, which stays when it comes back. */
export function describeSarif(findings: readonly JsonObject[], version: string): JsonObject {
  const kinds = [...new Map(findings.map((finding) => [textOf(finding, 'kind'), finding])).values()];
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            ...{ name: 'signpost watch', version },
            rules: kinds.map((finding) => ({
              id: textOf(finding, 'kind'),
              help: { text: `Usually, when it is harmless: ${textOf(finding, 'benign')}.` },
            })),
          },
        },
        results: findings.map(describeResult),
      },
    ],
  };
}

function describeResult(finding: JsonObject): JsonObject {
  const place = cellOf(finding, 'source');
  return {
    ruleId: textOf(finding, 'kind'),
    level: levels[textOf(finding, 'severity')] ?? 'warning',
    message: { text: textOf(finding, 'sentence') },
    locations: [
      {
        logicalLocations: [{ name: place, fullyQualifiedName: `${place} ${cellOf(finding, 'line')}`, kind: 'package' }],
      },
    ],
    partialFingerprints: { 'signpostFinding/v1': textOf(finding, 'id') },
    properties: { severity: textOf(finding, 'severity'), state: textOf(finding, 'state') },
  };
}
