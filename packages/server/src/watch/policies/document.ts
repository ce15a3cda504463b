/** What an organisation asks of what it uses, as data: rules in their order, of which the first that matches decides. */
import { z } from 'zod';
import { Refusal } from '../../errors.ts';
import { type DriftKind, driftRules } from '../drift/kinds.ts';
import { isGlob } from './glob.ts';

const hexPattern = /^[0-9a-f]{64}$/;
const text = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, 'expected one line without control characters and lone surrogates');

/** Somebody who may sign: a key, or an identity by every claim that is named, to the letter. */
const signerSchema = z.union([
  z.strictObject({ key: z.string().regex(hexPattern, 'expected a SHA-256 in hex') }),
  z.strictObject({
    issuer: text(2048),
    subject: text(2048),
    ownerId: text(64).optional(),
    repositoryId: text(64).optional(),
    repository: text(2048).optional(),
    workflow: text(2048).optional(),
    refType: z.enum(['tag', 'branch', 'pull-request', 'other']).optional(),
  }),
]);

const requirementSchema = z.strictObject({
  /** One of them at least must have signed. */
  signers: z.array(signerSchema).min(1).max(100).optional(),
  builders: z.array(text(2048)).min(1).max(100).optional(),
  slsa_level: z.int().min(1).max(4).optional(),
  sbom: z.literal(true).optional(),
  /** A log must hold the signature. */
  transparency: z.literal(true).optional(),
  age_hours: z.int().min(1).max(8760).optional(),
  /** What is asked about by a name alone, which may lead elsewhere by the time that it is used. */
  digest: z.enum(['warn', 'deny']).optional(),
});

/** The names of environments. */
export const environmentSchema = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'expected a name such as production');

const kinds = Object.keys(driftRules) as [DriftKind, ...DriftKind[]];

const ruleSchema = z.strictObject({
  name: text(1100),
  match: z
    .strictObject({
      ecosystem: z.enum(['oci', 'npm', 'signpost', 'feed', 'git']).optional(),
      /** Of the key, by segment: `oci:ghcr.io/org/*`, `npm:@scope/**`. */
      source: z.string().max(1100).refine(isGlob, 'expected a key with * and ** for segments').optional(),
      environment: environmentSchema.optional(),
    })
    .default({}),
  mode: z.enum(['observe', 'warn', 'enforce']),
  /** What cannot be told: as it was told last, or yes, or no. */
  on_unknown: z.enum(['hold-last', 'allow', 'deny']).default('hold-last'),
  /** For how long what was told last holds. */
  hold_hours: z.int().min(0).max(8760).default(168),
  /** Lines whose signers count: `major` is every line of a major version. */
  lines: z
    .array(z.string().regex(/^[a-z0-9]{1,16}$/, 'expected a line such as major, release or 2'))
    .min(1)
    .max(50)
    .default(['major', 'release']),
  /** A line that began later must be signed by somebody whom another line knows. */
  continuity: z.boolean().default(true),
  findings: z.partialRecord(z.enum(kinds), z.enum(['allow', 'warn', 'deny'])).default({}),
  require: requirementSchema.default({}),
  /** Two people accept what is critical. */
  two_people: z.boolean().default(false),
});

const policyDocumentSchema = z.strictObject({
  schema: z.literal(1),
  rules: z.array(ruleSchema).max(1000),
});

/** A policy. */
export type PolicyDocument = z.infer<typeof policyDocumentSchema>;
/** One of its rules. */
export type PolicyRule = z.infer<typeof ruleSchema>;
/** One as people write it: what is left out is usual. */
export type PolicyRuleText = z.input<typeof ruleSchema>;
/** Somebody who may sign. */
export type PolicySigner = z.infer<typeof signerSchema>;

/** What holds where no rule matches: whoever asks is answered as the table of drift says. */
export const usualRule: PolicyRule = ruleSchema.parse({ name: 'usual', mode: 'enforce' });

/** Longer policies are refused. */
const maxPolicyBytes = 512 * 1024;

/** Parses a policy. Throws `invalid`, rule `watch-policy`, naming every member that is wrong; nothing of it is then in force. */
export function parsePolicyDocument(value: unknown): PolicyDocument {
  const parsed = policyDocumentSchema.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues
      .slice(0, 5)
      .map(({ path, message }) => `${path.map(String).join('.')}: ${message}`);
    throw new Refusal('invalid', `the policy is not one: ${problems.join('; ')}`, { rule: 'watch-policy' });
  }
  assertNames(parsed.data);
  if (JSON.stringify(parsed.data).length > maxPolicyBytes) {
    throw new Refusal('too_large', `expected a policy of at most ${maxPolicyBytes} bytes`, { rule: 'watch-policy' });
  }
  return parsed.data;
}

function assertNames({ rules }: PolicyDocument): void {
  const names = rules.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new Refusal('invalid', `the policy has two rules named ${JSON.stringify(twice)}`, { rule: 'watch-policy' });
}
