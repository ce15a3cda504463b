/** Writes the JSON schema of certificate profiles, from what the server itself holds them against. */
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { z } from 'zod';
import { type ProfileDocument, profileNamePattern, profileSchema } from '../../../src/pki/profiles/profile.ts';

/** What each member says; the compiler keeps the table complete. */
const meanings: Readonly<Record<keyof ProfileDocument, string>> = {
  description: 'What certificates of this profile are for, in a sentence.',
  kind: 'What is certified: a root, an intermediate, or a leaf, which certifies nothing. Own profiles are leaves or intermediates.',
  keys: 'The keys that may be certified.',
  lifetime:
    'How long a certificate is valid when nobody says, and at most; an end after the issuer’s is moved there or refused.',
  path_length: 'How many authorities may follow below one when nobody says, and at most (RFC 5280, 4.2.1.9).',
  backdate: 'How long before now the validity begins, for clocks that are late; at most a day.',
  hash: 'What the issuer signs with, by the type of its key; without it, the hash that is as strong as the key. Ed25519 has its own.',
  key_usage: 'The bits of key usage for all keys, and more for some (RFC 5280, 4.2.1.3).',
  extended_key_usage: 'What the key may be used for, by name or dotted identifier (RFC 5280, 4.2.1.12).',
  names: 'The alternative names: kinds, how many, wildcards; `in-names`: the common name repeats one of them.',
  subject:
    'Attributes that may stand in the subject: `match` as in the issuer, `supplied` must be given, `optional` may be.',
  locations: 'What the certificate points at: revocation list, OCSP, the issuer’s certificate.',
  policies: 'Certificate policies, each with the address of its practice statement (RFC 5280, 4.2.1.4).',
  name_constraints:
    'Names that may and may not stand below an authority, such as dns:example.com (RFC 5280, 4.2.1.10).',
  ocsp_no_check: 'For responders: the certificate itself is not asked about (RFC 6960, 4.2.2.2.1).',
  must_staple: 'A stapled answer may be asked for (RFC 7633).',
  admins_only: 'Managers do not issue by this profile.',
};

/** The schema, as text that ends in a line break: of a file of profiles by name, and under `$defs` of one. */
export function writeProfileSchema(): string {
  const { $schema, ...profile } = z.toJSONSchema(profileSchema);
  const properties = Object.fromEntries(
    Object.entries(profile.properties ?? {}).map(([name, member]) => [
      name,
      { description: meanings[name as keyof ProfileDocument], ...(member as object) },
    ]),
  );
  const schema = {
    $schema,
    title: 'Signpost certificate profiles',
    description:
      'Profiles by name (docs/certificates.md); one alone, as `signpost cert profile add` takes it, is #/$defs/profile. What two members say of each other is checked by the server.',
    type: 'object',
    propertyNames: { pattern: profileNamePattern.source },
    additionalProperties: { $ref: '#/$defs/profile' },
    $defs: { profile: { ...profile, properties } },
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

if (import.meta.main) writeFileSync(process.argv[2] ?? '/dev/stdout', writeProfileSchema());
