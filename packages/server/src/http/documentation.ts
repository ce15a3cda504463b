/** The API's description, made from the schemas that validate: OpenAPI 3.1 for machines, a page for people. */
import { createHash } from 'node:crypto';
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { html } from 'hono/html';
import type { AppEnv } from './context.ts';
import { csrfHeader } from './csrf.ts';
import { pageContentPolicy } from './headers.ts';
import type { RoleTable } from './role-table.ts';
import { createRouter, jsonAnswer } from './router.ts';

type Document = ReturnType<OpenAPIHono<AppEnv>['getOpenAPI31Document']>;
type Operation = NonNullable<NonNullable<Document['paths']>[string]['get']>;

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;

const openApiRoute = createRoute({
  method: 'get',
  path: '/api/openapi.json',
  tags: ['server'],
  summary: 'This description, as OpenAPI 3.1',
  responses: { 200: { description: 'The document.', content: { 'application/json': { schema: z.any() } } } },
});

const docsRoute = createRoute({
  method: 'get',
  path: '/api/docs',
  tags: ['server'],
  summary: 'This description, as a page',
  responses: { 200: { description: 'The page.', content: { 'text/html': { schema: z.string() } } } },
});

const rolesRoute = createRoute({
  method: 'get',
  path: '/api/roles',
  tags: ['server'],
  summary: 'Who may do what',
  responses: {
    200: jsonAnswer(
      'By area. `who`: roles of people, `key:` and a verb for API keys, `public` for everybody; `server-wide` routes exist in the default organisation alone.',
      z.object({
        routes: z.array(
          z.object({ name: z.string(), area: z.string(), summary: z.string(), who: z.array(z.string()) }),
        ),
      }),
    ),
  },
});

/** `GET /api/openapi.json`, `GET /api/docs` and `GET /api/roles`. `describe` is asked once, when the first request comes. */
export function createDocumentationRoutes(describe: () => Document): OpenAPIHono<AppEnv> {
  let document: Document | undefined;
  const remembered = () => {
    document ??= describe();
    return document;
  };
  const policy = pageContentPolicy(`sha256-${createHash('sha256').update(style).digest('base64')}`);
  const router = createRouter();
  router.openapi(openApiRoute, (c) => c.json(remembered(), 200));
  router.openapi(docsRoute, async (c) => {
    c.header('Content-Security-Policy', policy);
    return c.html(await renderPage(remembered()), 200);
  });
  router.openapi(rolesRoute, (c) => c.json({ routes: listOperations(remembered()).map(describeRoles) }, 200));
  return router;
}

function describeRoles({ name, operation }: { name: string; operation: Operation }) {
  return { name, area: areaOf(operation), summary: operation.summary ?? '', who: [...rolesOf(operation)] };
}

/** The document of `app`: with the ways to authenticate, and with the roles and refusals of every route. */
export function describeApi(
  app: OpenAPIHono<AppEnv>,
  { version, roles }: { version: string; roles: RoleTable },
): Document {
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-signpost',
    description: `State changes also need the session's token in ${csrfHeader}.`,
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'api_key', { type: 'http', scheme: 'bearer' });
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Signpost',
      version,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
  });
  for (const { name, operation } of listOperations(document)) completeOperation(operation, roles[name] ?? []);
  return document;
}

function completeOperation(operation: Operation, roles: readonly string[]): void {
  operation.responses = { ...operation.responses, default: problemResponse };
  operation.security = roles.includes('public')
    ? []
    : [
        ...(roles.some((role) => role.startsWith('key:')) ? [{ api_key: [] }] : []),
        ...(roles.some((role) => !role.includes(':')) ? [{ session: [] }] : []),
      ];
  Object.assign(operation, { 'x-signpost-roles': roles });
}

const problemResponse = {
  description: 'A refusal (RFC 9457).',
  content: {
    'application/problem+json': {
      schema: {
        type: 'object' as const,
        required: ['type', 'title', 'status', 'detail', 'code'],
        properties: {
          type: { type: 'string' as const, example: 'urn:signpost:problem:not_found' },
          title: { type: 'string' as const },
          status: { type: 'integer' as const },
          detail: { type: 'string' as const },
          code: { type: 'string' as const },
          rule: { type: 'string' as const },
          hint: { type: 'string' as const },
          instance: { type: 'string' as const },
        },
      },
    },
  },
};

function listOperations(document: Document): { name: string; operation: Operation }[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method];
      return operation ? [{ name: `${method.toUpperCase()} ${path}`, operation }] : [];
    }),
  );
}

function areaOf({ tags }: Operation): string {
  return tags?.[0] ?? 'other';
}

function rolesOf(operation: Operation): readonly string[] {
  return (operation as { 'x-signpost-roles'?: readonly string[] })['x-signpost-roles'] ?? [];
}

async function renderPage(document: Document): Promise<string> {
  const tags = Map.groupBy(listOperations(document), ({ operation }) => areaOf(operation));
  const sections = [...tags].map(
    ([tag, operations]) => html`<section><h2>${tag}</h2>${operations.map(renderOperation)}</section>`,
  );
  return `${await html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Signpost API</title>
<style>${style}</style></head>
<body><main><h1>Signpost API ${document.info.version}</h1>
<p>Times are RFC 3339 in UTC. Refusals are problem details (RFC 9457). <code>/o/{org}</code> before a path chooses an
organisation. State changes with a session cookie carry <code>X-Signpost-CSRF</code>. The same for machines:
<a href="openapi.json">openapi.json</a>.</p>
${sections}</main></body></html>`}`;
}

function renderOperation({ name, operation }: { name: string; operation: Operation }) {
  const body = operation.requestBody;
  return html`<article><h3><code>${name}</code></h3>
<p>${operation.summary ?? ''}</p>
<dl><dt>who</dt><dd>${rolesOf(operation).join(', ')}</dd>
${body && 'content' in body ? html`<dt>body</dt><dd>${Object.entries(body.content).map(renderContent)}</dd>` : ''}
${Object.entries(operation.responses ?? {}).map(
  ([status, answer]) => html`<dt>${status}</dt>
<dd>${answer.description}${status === 'default' ? '' : Object.entries(answer.content ?? {}).map(renderContent)}</dd>`,
)}</dl></article>`;
}

function renderContent([type, media]: [string, unknown]) {
  const schema = (media as { schema?: unknown }).schema;
  return html`<details><summary>${type}</summary><pre>${JSON.stringify(schema, undefined, 2)}</pre></details>`;
}

const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 56rem; margin: 0 auto; padding: 1.5rem; }
article { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: .5rem 0; }
h3 { margin: .5rem 0; }
dl { display: grid; grid-template-columns: 5rem 1fr; gap: .25rem 1rem; margin: 0; }
dd { margin: 0; min-width: 0; }
pre { overflow-x: auto; font-size: .875rem; }
`;
