/** The rules that an attached SBOM must keep. Their names are API: they stand in refusals and in the manual. */
import type { SbomRule } from '@signpost/protocol/sbom/finding';
import { Refusal } from '../../errors.ts';

/** Each rule with what to do when it was broken. */
const hints = {
  'sbom-too-large': 'leave out what nobody needs, or raise SIGNPOST_MAX_SBOM_MB on the server',
  'sbom-format': 'attach CycloneDX 1.2 to 1.7 (JSON or XML), SPDX 2.3 (JSON) or SPDX 3.0 (JSON-LD)',
  'sbom-malformed': 'make the document again with its tool',
  'sbom-schema': 'make the document again with a tool that keeps the schema',
  'sbom-time-limit': 'the document took too long to inspect: make it smaller',
  'sbom-inspection-failed': 'the server could not inspect the document: its log says why',
  'sbom-reference-duplicate': 'give each component a name of its own',
  'sbom-reference-dangling': 'describe what is referred to, or leave the reference out',
  'sbom-purl-invalid': 'write package URLs as ECMA-427 has them',
  'sbom-digest-mismatch': 'make the SBOM of this very file, or attach it to the file that it describes',
  'sbom-date-invalid': 'write the time of making as RFC 3339',
  'sbom-date-future': 'set the clock of the machine that made it',
} as const;

/** The name of a rule. */
export type SbomRefusalRule = keyof typeof hints;

/** A refusal that names the rule, says what was found, and hints at the way out. */
export function createSbomRefusal(rule: SbomRefusalRule, message: string, cause?: unknown): Refusal {
  return new Refusal('upload_refused', message, { rule, hint: hints[rule], cause });
}

/** The rule under which an error among the findings is refused. */
export function nameRule(rule: SbomRule): SbomRefusalRule {
  const name = `sbom-${rule.replaceAll('_', '-')}`;
  if (Object.hasOwn(hints, name)) return name as SbomRefusalRule;
  throw new TypeError(`expected a rule that refuses, got ${rule}`);
}
