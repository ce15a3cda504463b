/** Certificate profiles as data (profiles.json): what certificates of one kind may say, and who may leave what open. */

import { listHashes } from '@signpost/protocol/keys/signature-algorithm';
import { attributeOids, purposes } from '@signpost/protocol/x509/oids';
import { parseSubtree } from '@signpost/protocol/x509/subtree';
import { keyUsages } from '@signpost/protocol/x509/usage-extensions';
import { z } from 'zod';
import { Refusal } from '../../errors.ts';
import { durationPattern, parseDuration } from './duration.ts';
import { type KeyLabel, keyLabels, parseKeyLabel } from './key-label.ts';
import { nameKinds } from './name-text.ts';
import builtIn from './profiles.json' with { type: 'json' };

const durationSchema = z.string().regex(durationPattern, 'expected a duration such as 90d, 160h or 5m');
const usagesSchema = z.array(z.enum(keyUsages)).max(keyUsages.length);
const oidSchema = z
  .string()
  .max(100)
  .regex(/^[0-2](?:\.(?:0|[1-9][0-9]*)){1,30}$/, 'expected a dotted identifier');
const purposeNames = Object.keys(purposes).filter((name) => name !== 'any') as Exclude<keyof typeof purposes, 'any'>[];
const attributeNames = Object.keys(attributeOids) as (keyof typeof attributeOids)[];
const constraintSchema = z.array(
  z
    .string()
    .max(260)
    .refine((text) => parseSubtree(text) !== undefined, 'expected such as dns:example.com or ip:10.0.0.0/8'),
);

const depthSchema = z.int().min(0).max(20);
const pathLengthSchema = z.strictObject({ default: depthSchema, maximum: depthSchema });

/** The hashes that an issuer's key of that type may sign with. */
function hashesOf(label: KeyLabel) {
  return z.enum(listHashes(parseKeyLabel(label))).optional();
}

const hashSchema = z.strictObject(
  {
    'ecdsa-p256': hashesOf('ecdsa-p256'),
    'ecdsa-p384': hashesOf('ecdsa-p384'),
    'ecdsa-p521': hashesOf('ecdsa-p521'),
    'rsa-2048': hashesOf('rsa-2048'),
    'rsa-3072': hashesOf('rsa-3072'),
    'rsa-4096': hashesOf('rsa-4096'),
  },
  { error: ({ code, keys }) => (code === 'unrecognized_keys' ? describeHashless(keys) : undefined) },
);

/** RFC 8032, 5.1: Ed25519 is made with its hash. */
function describeHashless(labels: readonly string[]): string {
  return `expected issuer keys whose hash can be chosen (ECDSA, RSA), got ${labels.join(', ')}`;
}

/**
 * A profile as it is written. `keys`: what may be certified. `lifetime.beyond_issuer`: whether an end after the issuer's is
 * moved there or refused. `path_length`: how many authorities may follow below one when nobody says, and at most. `backdate`: how long before now the validity begins, for clocks that are late. `hash`: what
 * the issuer signs with, by the type of its key; without it, the one that is as strong as the key. `key_usage`: bits for
 * all keys, and more for some. `names.common_name`: `in-names` must repeat an alternative name. `subject`: attributes that
 * may stand there: `match` as in the issuer, `supplied` must be given. `locations`: what the certificate points at.
 * `must_staple`: may be asked for (RFC 7633). `admins_only`: managers do not issue by it.
 */
export const profileSchema = z
  .strictObject({
    description: z.string().min(1).max(200),
    kind: z.enum(['root', 'intermediate', 'leaf']),
    keys: z.array(z.enum(keyLabels)).min(1).max(keyLabels.length),
    lifetime: z.strictObject({
      default: durationSchema,
      maximum: durationSchema,
      beyond_issuer: z.enum(['clamp', 'refuse']),
    }),
    path_length: pathLengthSchema.optional(),
    backdate: durationSchema,
    hash: hashSchema.optional(),
    key_usage: z.strictObject({
      all: usagesSchema.min(1),
      rsa: usagesSchema.optional(),
      ecdsa: usagesSchema.optional(),
      ed25519: usagesSchema.optional(),
    }),
    extended_key_usage: z
      .strictObject({
        purposes: z
          .array(z.union([z.enum(purposeNames), oidSchema]))
          .min(1)
          .max(10),
        critical: z.boolean(),
      })
      .optional(),
    names: z.strictObject({
      kinds: z.array(z.enum(nameKinds)).max(nameKinds.length),
      minimum: z.int().min(0).max(100),
      maximum: z.int().min(0).max(100),
      wildcards: z.boolean(),
      common_name: z.enum(['in-names', 'free']),
    }),
    subject: z.partialRecord(z.enum(attributeNames), z.enum(['match', 'supplied', 'optional'])),
    locations: z.array(z.enum(['crl', 'ocsp', 'issuer'])).max(3),
    policies: z
      .array(z.strictObject({ policy: oidSchema, practice_statement: z.url().max(200).optional() }))
      .max(10)
      .optional(),
    name_constraints: z
      .strictObject({ permitted: constraintSchema.max(100), excluded: constraintSchema.max(100) })
      .optional(),
    ocsp_no_check: z.boolean().optional(),
    must_staple: z.boolean().optional(),
    admins_only: z.boolean().optional(),
  })
  .superRefine((profile, context) => {
    for (const problem of listContradictions(profile)) context.addIssue({ code: 'custom', message: problem });
  });

/** A profile as it is written. */
export type ProfileDocument = z.infer<typeof profileSchema>;

/** A profile with its name. */
export interface Profile extends ProfileDocument {
  readonly name: string;
}

/** Profiles by name. */
export type Profiles = ReadonlyMap<string, Profile>;

/** What a profile may be called: 3 to 40 characters a-z, 0-9 and inner hyphens. */
export const profileNamePattern: RegExp = /^[a-z][a-z0-9-]{1,38}[a-z0-9]$/;

/** What does not go together, though each field is well formed. */
function listContradictions(profile: z.infer<z.ZodObject<typeof profileSchema.shape>>): string[] {
  const { kind, lifetime, names, key_usage: usage, extended_key_usage: extended, path_length: depth } = profile;
  const signs = usage.all.includes('keyCertSign');
  return [
    ...when(isLonger(lifetime.default, lifetime.maximum), 'lifetime: expected a default of at most the maximum'),
    ...when(isLonger('1m', lifetime.default), 'lifetime: expected a default of at least a minute'),
    ...when(isLonger(profile.backdate, '1d'), 'backdate: expected at most a day'),
    ...when(names.minimum > names.maximum, 'names: expected a minimum of at most the maximum'),
    ...when(names.maximum > 0 && names.kinds.length === 0, 'names: expected kinds where names may be'),
    ...when(
      (kind !== 'leaf') !== signs,
      'key_usage: expected keyCertSign in authorities and nowhere else (RFC 5280, 4.2.1.3)',
    ),
    ...when(kind !== 'leaf' && !usage.all.includes('cRLSign'), 'key_usage: expected cRLSign in authorities'),
    ...when(kind !== 'leaf' && names.maximum > 0, 'names: expected none in authorities'),
    ...when(
      kind !== 'leaf' && !!(profile.ocsp_no_check || profile.must_staple),
      'ocsp_no_check, must_staple: expected only in leaves',
    ),
    ...when(kind === 'leaf' && !!depth, 'path_length: expected only in authorities (RFC 5280, 4.2.1.9)'),
    ...when(!!depth && depth.default > depth.maximum, 'path_length: expected a default of at most the maximum'),
    ...when(kind !== 'leaf' && profile.subject.CN !== 'supplied', 'subject: expected an authority with a common name'),
    ...when(
      kind === 'leaf' && !!profile.name_constraints,
      'name_constraints: expected only in authorities (RFC 5280, 4.2.1.10)',
    ),
    ...when(
      kind !== 'leaf' && !!extended && !extended.purposes.includes('ocspSigning'),
      'extended_key_usage: expected ocspSigning among those of an authority, which certifies who answers for it',
    ),
    ...when(
      kind !== 'leaf' && !!extended?.critical,
      'extended_key_usage: expected none that is critical in an authority',
    ),
  ];
}

function when(isWrong: boolean, problem: string): string[] {
  return isWrong ? [problem] : [];
}

function isLonger(left: string, right: string): boolean {
  // Durations that are none have a problem of their own.
  return durationPattern.test(left) && durationPattern.test(right) && parseDuration(left) > parseDuration(right);
}

/** All profiles of a document, by name. Throws a TypeError that lists every problem. */
export function parseProfiles(document: Readonly<Record<string, unknown>>): Profiles {
  const parsed = Object.entries(document).map(([name, value]) => ({ name, result: parseNamed(name, value) }));
  const problems = parsed.flatMap(({ result }) => (Array.isArray(result) ? result : []));
  if (problems.length > 0) {
    throw new TypeError(`the certificate profiles are not valid:\n${problems.map((one) => `  - ${one}`).join('\n')}`);
  }
  return new Map(parsed.flatMap(({ name, result }) => (Array.isArray(result) ? [] : [[name, result]])));
}

function parseNamed(name: string, value: unknown): Profile | string[] {
  const result = profileSchema.safeParse(value);
  const problems = profileNamePattern.test(name)
    ? []
    : [`${name}: expected a name of 3 to 40 characters a-z, 0-9, hyphens`];
  if (result.success && problems.length === 0) return { name, ...result.data };
  const issues = result.error?.issues ?? [];
  return [...problems, ...issues.map(({ path, message }) => `${[name, ...path].map(String).join('.')}: ${message}`)];
}

/** The profiles that every organisation has. Throws a TypeError that lists every problem of the file. */
export function openBuiltInProfiles(): Profiles {
  return parseProfiles(builtIn);
}

/** The profile of that name. Throws `not_found`, naming those that there are. */
export function findProfile(profiles: Profiles, name: string): Profile {
  const profile = profiles.get(name);
  if (profile) return profile;
  throw new Refusal('not_found', 'no such certificate profile', {
    rule: 'profile-unknown',
    hint: `one of ${[...profiles.keys()].join(', ')}`,
  });
}
