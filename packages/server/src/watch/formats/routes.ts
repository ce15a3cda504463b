/** HTTP of the settings of other tools: what a file comes to, and what is known as files. Neither changes anything. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { Refusal } from '../../errors.ts';
import type { AppEnv } from '../../http/context.ts';
import { createRouter, jsonAnswer, jsonBody } from '../../http/router.ts';
import type { WatchParts } from '../parts.ts';
import { isGlob } from '../policies/glob.ts';
import { identitySchema } from '../sources/routes.ts';
import { maxFileCharacters } from './foreign-text.ts';
import { maxKeyCharacters } from './public-keys.ts';

const tags = ['watch'];
const path = '/api/watch/policy';
const formatSchema = z.enum(['cosign', 'policy-controller', 'kyverno', 'notation', 'pnpm']);
const attachedSchema = z
  .array(z.strictObject({ name: z.string().min(1).max(512), text: z.string().max(maxKeyCharacters) }))
  .max(64)
  .default([])
  .openapi({ description: 'Public keys and certificates in PEM, under the names by which the settings call them.' });
const remarkSchema = z
  .object({ clause: z.string(), effect: z.enum(['looser', 'stricter']), text: z.string() })
  .openapi('ConversionRemark');
const declarationSchema = z.object({
  ...{
    id: z.uuid(),
    source: z.string(),
    identities: z.array(identitySchema),
    keys: z.array(z.string()),
  },
});

const importRoute = createRoute({
  method: 'post',
  path: `${path}/import`,
  tags,
  summary: 'What settings of another tool come to as a policy of gates',
  description:
    'Nothing is put in force: that is for PUT /api/watch/policy and the decisions of sources. Each clause that is not carried over exactly is named; one after which more would be let through refuses the whole unless `allow_looser` says otherwise.',
  request: {
    body: jsonBody(
      z.strictObject({
        format: formatSchema,
        text: z.string().max(maxFileCharacters),
        attached: attachedSchema,
        allow_looser: z.boolean().default(false),
      }),
    ),
  },
  responses: {
    200: jsonAnswer(
      'The policy in force with the rules of the file before its own, and who would be declared of sources that are watched.',
      z.object({
        document: z.record(z.string(), z.unknown()),
        remarks: z.array(remarkSchema),
        declarations: z.array(declarationSchema),
      }),
    ),
  },
});
const exportRoute = createRoute({
  method: 'post',
  path: `${path}/export`,
  tags,
  summary: 'Who signs, as settings of another tool',
  description:
    'What the format cannot say is named. Of keys the watch knows digests alone, so attach their public keys.',
  request: {
    body: jsonBody(
      z.strictObject({
        format: formatSchema,
        from: z.enum(['learned', 'policy']).default('learned'),
        source: z.string().max(1100).optional(),
        attached: attachedSchema,
      }),
    ),
  },
  responses: {
    200: jsonAnswer(
      'The files.',
      z.object({ files: z.array(z.object({ name: z.string(), text: z.string() })), remarks: z.array(remarkSchema) }),
    ),
  },
});

/** The routes of conversions. */
export function watchFormatRoutes({ database: { query } }: WatchParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(importRoute, async (c) => {
    const { format, text, attached, allow_looser: allowLooser } = c.req.valid('json');
    const organisationId = c.var.organisation.id;
    const request = { organisationId, format, text, attached: indexFiles(attached), allowLooser };
    const { proposeImport } = await import('./conversion.ts');
    const proposed = await proposeImport(query, { ...request, signal: c.req.raw.signal });
    const { document, remarks, declarations } = proposed;
    const listed = declarations.map(({ id, source, signers }) => ({
      ...{ id, source, identities: signers.flatMap((signer) => ('key' in signer ? [] : [{ ...signer }])) },
      keys: signers.flatMap((signer) => ('key' in signer ? [signer.key] : [])),
    }));
    return c.json({ document, remarks: [...remarks], declarations: listed }, 200);
  });
  router.openapi(exportRoute, async (c) => {
    const { format, from, source, attached } = c.req.valid('json');
    if (source !== undefined && !isGlob(source)) {
      throw new Refusal('invalid', 'expected a pattern such as oci:ghcr.io/org/*', { rule: 'watch-policy' });
    }
    const organisationId = c.var.organisation.id;
    const { exportPolicy } = await import('./conversion.ts');
    const { files, remarks } = await exportPolicy(query, {
      organisationId,
      format,
      from,
      source,
      attached: indexFiles(attached),
    });
    return c.json({ files: [...files], remarks: [...remarks] }, 200);
  });
  return router;
}

function indexFiles(files: readonly { readonly name: string; readonly text: string }[]): ReadonlyMap<string, string> {
  return new Map(files.map(({ name, text }) => [name, text]));
}
