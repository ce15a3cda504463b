/** What may be said of a module, as it comes over the wire: by those who manage it, and by authors who propose it. */
import { maxPermissions, trustLevels } from '@signpost/protocol/updates/catalogue';
import type { LocaleMap } from '@signpost/protocol/updates/manifest';
import { z } from 'zod';
import { localeMapSchema, textSchema } from '../../http/text-schema.ts';
import type { ModuleChange } from './module.ts';

/** Texts by locale. */
export const mapSchema = localeMapSchema(4_000);
const textsSchema = z.union([textSchema(4_000).min(1), mapSchema]);

/** What may be uploaded. */
export const typesSchema = z
  .array(z.enum(['zip', 'tar.gz', 'any']))
  .min(1)
  .max(3);

/** What an author may propose. */
export const proposalSchema = z.strictObject({
  name: textsSchema.optional(),
  description: textsSchema.optional(),
  category: textsSchema.optional(),
  primary_locale: z.string().max(30).optional(),
  requires_permissions: z.array(textSchema(100)).max(maxPermissions).optional(),
  info_url: textSchema(1_000).nullable().optional(),
});

/** See `proposalSchema`. */
export type Proposal = z.infer<typeof proposalSchema>;

/** What whoever manages modules may change. */
export const changeSchema = z.object({
  ...proposalSchema.shape,
  trust_level: z.enum(trustLevels).optional(),
  accepted_types: typesSchema.optional(),
  scan: z.enum(['required', 'off']).optional(),
  manifest_days: z.int().min(1).max(3_650).optional(),
});

/** What is to change; a text without a locale is in `locale`. */
export function readChange(body: z.infer<typeof changeSchema>, locale: string): ModuleChange {
  const inLocale = (texts: z.infer<typeof textsSchema>): LocaleMap =>
    typeof texts === 'string' ? { [locale]: texts } : texts;
  const project = {
    ...(body.name === undefined ? {} : { name: inLocale(body.name) }),
    ...(body.description === undefined ? {} : { description: inLocale(body.description) }),
    ...(body.primary_locale === undefined ? {} : { primaryLocale: body.primary_locale }),
    ...(body.accepted_types === undefined ? {} : { acceptedTypes: body.accepted_types }),
    ...(body.scan === undefined ? {} : { scan: body.scan }),
    ...(body.manifest_days === undefined ? {} : { manifestDays: body.manifest_days }),
  };
  const facts = {
    ...(body.category === undefined ? {} : { category: inLocale(body.category) }),
    ...(body.requires_permissions === undefined ? {} : { requiresPermissions: body.requires_permissions }),
    ...(body.info_url === undefined ? {} : { infoUrl: body.info_url ?? undefined }),
    ...(body.trust_level === undefined ? {} : { trustLevel: body.trust_level }),
  };
  return { project, facts };
}
