/** Policies, evidence and verdicts as the API shows them. */
import { type Finding, policyRules, type Verdict } from '@signpost/protocol/policy/verdict';
import { z } from 'zod';
import type { EvidenceDocumentHead } from '../../evidence/documents/store.ts';
import type { RecordedOverride } from '../../evidence/policies/override.ts';
import type { PolicyInForce } from '../../evidence/policies/policy.ts';
import { formatTime, timeSchema } from '../../http/router.ts';
import type { ArtifactRow } from '../lifecycle/store.ts';
import { documentUrl } from './references.ts';
import type { VerdictRow } from './store.ts';

/** A digest on the wire. */
export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in lower-case hex');
/** The name of a rule. */
export const ruleSchema = z.enum(policyRules);
const modeSchema = z.enum(['enforce', 'observe']);
const resultSchema = z.enum(['passed', 'waived', 'denied']);

/** A policy with its text. */
export const policySchema = z.object({
  version: z.int(),
  sha256: digestSchema,
  mode: modeSchema,
  text: z.string(),
  created_at: timeSchema,
});

const findingSchema = z.object({
  rule: ruleSchema,
  artifact: z.string().optional(),
  outcome: z.enum(['met', 'unmet', 'unknown', 'waived']),
  expected: z.string(),
  found: z.string(),
  hint: z.string().optional(),
});

/** What a policy says of a release. */
export const verdictSchema = z.object({ result: resultSchema, mode: modeSchema, findings: z.array(findingSchema) });

/** A verdict that was recorded. */
export const recordedVerdictSchema = verdictSchema.extend({
  policy_version: z.int(),
  moment: z.enum(['evidence', 'activation']),
  at: timeSchema,
});

/** An override on the wire. */
export const overrideSchema = z.object({
  id: z.string(),
  rules: z.array(ruleSchema),
  reason: z.string(),
  created_at: timeSchema,
  expires_at: timeSchema,
});

/** A document on the wire, without its content. */
export const documentSchema = z.object({
  artifact: z.string(),
  kind: z.enum(['bundle', 'attestations', 'release', 'provenance', 'verification-summary']),
  origin: z.enum(['attached', 'issued']),
  name: z.string(),
  sha256: digestSchema,
  size_bytes: z.int(),
  url: z.string(),
  created_at: timeSchema,
});

/** A policy on the wire. */
export function formatPolicy({
  version,
  sha256,
  policy,
  text,
  createdAt,
}: PolicyInForce): z.infer<typeof policySchema> {
  return { version, sha256, mode: policy.mode, text, created_at: formatTime(createdAt) };
}

/** A verdict on the wire. */
export function formatVerdict({ result, mode, findings }: Verdict): z.infer<typeof verdictSchema> {
  return { result, mode, findings: findings.map(formatFinding) };
}

/** A recorded verdict on the wire. */
export function formatRecorded(row: VerdictRow): z.infer<typeof recordedVerdictSchema> {
  const findings = JSON.parse(row.findings) as readonly Finding[];
  return {
    ...formatVerdict({ result: row.result, mode: row.mode, findings }),
    ...{ policy_version: row.policy_version, moment: row.moment, at: formatTime(row.created_at) },
  };
}

/** An override on the wire. */
export function formatOverride({ id, rules, reason, createdAt, expiresAt }: RecordedOverride) {
  const times = { created_at: formatTime(createdAt), expires_at: formatTime(expiresAt) };
  return { id, rules: [...rules], reason, ...times };
}

/** A document on the wire, without its content. */
export function formatDocument(
  row: EvidenceDocumentHead,
  place: { readonly slug: string; readonly version: string; readonly artifacts: readonly ArtifactRow[] },
): z.infer<typeof documentSchema> {
  const { kind, origin, name, sha256, size_bytes } = row;
  return {
    artifact: place.artifacts.find(({ id }) => id === row.artifact_id)?.name ?? '',
    ...{ kind, origin, name, sha256, size_bytes },
    url: documentUrl(place.slug, place.version, sha256),
    created_at: formatTime(row.created_at),
  };
}

function formatFinding({ rule, artifact, outcome, expected, found, hint }: Finding): z.infer<typeof findingSchema> {
  return {
    rule,
    ...(artifact === undefined ? {} : { artifact }),
    ...{ outcome, expected, found },
    ...(hint === undefined ? {} : { hint }),
  };
}
