/** HTTP of what plugins say of themselves. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { Refusal } from '../../errors.ts';
import type { AppEnv } from '../../http/context.ts';
import { createRouter, jsonAnswer } from '../../http/router.ts';
import { isPublic, mayReadDrafts } from '../../releases/lifecycle/audience.ts';
import { requireRelease } from '../../releases/lifecycle/release.ts';
import { type PluginReading, type ReadingParts, readRelease } from './reading.ts';

const findingSchema = z.object({
  severity: z.enum(['error', 'warning', 'info']),
  code: z.string(),
  message: z.string(),
});
const headerSchema = z.object({
  ...{ name: z.string(), plugin_uri: z.string(), version: z.string(), description: z.string(), author: z.string() },
  ...{ text_domain: z.string(), requires_wordpress: z.string(), requires_php: z.string() },
  ...{ requires_plugins: z.string(), update_uri: z.string(), license: z.string() },
});
const shownSchema = z.object({
  ...{ name: z.string(), stable_tag: z.string(), requires_wordpress: z.string(), tested_up_to: z.string() },
  ...{ requires_php: z.string(), license: z.string(), license_uri: z.string(), donate_link: z.string() },
  ...{ contributors: z.array(z.string()), tags: z.array(z.string()), short_description: z.string() },
  ...{
    sections: z.array(z.object({ kind: z.string(), title: z.string(), text: z.string() })),
    upgrade_notice: z.string(),
  },
});
const readingSchema = z
  .object({
    ...{ project: z.string(), version: z.string(), folder: z.string().nullable(), main_file: z.string().nullable() },
    ...{ header: headerSchema.nullable(), readme: shownSchema.nullable() },
    ...{ findings: z.array(findingSchema), deployable: z.boolean() },
  })
  .openapi('WordpressPlugin');

const showRoute = createRoute({
  method: 'get',
  path: '/api/projects/{slug}/releases/{version}/wordpress',
  tags: ['wordpress'],
  summary: 'What the plugin of a release says of itself, as wordpress.org would show it',
  request: { params: z.object({ slug: z.string().max(50), version: z.string().max(64) }) },
  responses: { 200: jsonAnswer('Header, readme, and whether both agree with the release', readingSchema) },
});

/** The routes of plugins. */
export function pluginRoutes(parts: ReadingParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(showRoute, async (c) => {
    const name = c.req.valid('param');
    const where = await requireRelease(parts.database.query, c.var.organisation.id, name);
    if (!isPublic(where.release) && !mayReadDrafts(c.var.principal, name.slug)) {
      throw new Refusal('not_found', 'no such release');
    }
    return c.json(
      { project: name.slug, version: name.version, ...formatReading(await readRelease(parts, where)) },
      200,
    );
  });
  return router;
}

function formatReading({ folder, mainFile, header, shown, findings }: PluginReading) {
  return {
    ...{ folder, main_file: mainFile, header: header && formatHeader(header), readme: shown && formatShown(shown) },
    findings: [...findings],
    deployable: findings.every(({ severity }) => severity !== 'error'),
  };
}

function formatHeader(header: NonNullable<PluginReading['header']>) {
  const { pluginUri, textDomain, requiresWordpress, requiresPhp, requiresPlugins, updateUri, ...same } = header;
  return {
    ...{ ...same, plugin_uri: pluginUri, text_domain: textDomain, requires_wordpress: requiresWordpress },
    ...{ requires_php: requiresPhp, requires_plugins: requiresPlugins, update_uri: updateUri },
  };
}

function formatShown(shown: NonNullable<PluginReading['shown']>) {
  const { name, license, contributors, tags, sections } = shown;
  return {
    ...{ name, stable_tag: shown.stableTag, requires_wordpress: shown.requiresWordpress },
    ...{ tested_up_to: shown.testedUpTo, requires_php: shown.requiresPhp, license, license_uri: shown.licenseUri },
    ...{ donate_link: shown.donateLink, contributors: [...contributors], tags: [...tags] },
    short_description: shown.shortDescription,
    ...{ sections: sections.map((section) => ({ ...section })), upgrade_notice: shown.upgradeNotice },
  };
}
