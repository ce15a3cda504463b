/** HTTP of the console: files from memory, and its page for every path that is no file, so that any view can be linked to. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Refusal } from '../../errors.ts';
import { answerBuiltFile } from '../built-files.ts';
import type { AppEnv } from '../context.ts';
import { createRouter } from '../router.ts';
import type { Console } from './files.ts';

/** Nothing inline, nobody else's, and no text that becomes a script or markup but through Svelte's own templates. */
const consoleContentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types svelte-trusted-html',
].join('; ');

/** Their patterns are wider than a description can say, so it is written beside them. */
const descriptions = [
  ['/', 'Leads a browser to the console'],
  ['/console', 'Leads to the console'],
  ['/console/{path}', 'The console: a file of it, or its page'],
] as const;
const pageAnswer = {
  200: { description: 'The page or file.', content: { 'text/html': { schema: { type: 'string' as const } } } },
};

const unbuiltText =
  'The console is not built here. Run "npm install" in the folder of this server, with development packages, or\n' +
  '"npm run build:console"; then start the server again. The command and the API work without it.\n';

/** `/console/` and what is below it, and the way there from `/`. They answer whoever asks: nothing in them is anybody's. */
export function createConsoleRoutes(console: Console): OpenAPIHono<AppEnv> {
  const router = createRouter();
  for (const [path, summary] of descriptions) {
    router.openAPIRegistry.registerPath({ method: 'get', path, tags: ['server'], summary, responses: pageAnswer });
  }
  router.get('/', (c) => {
    if (console.kind === 'off' || !c.req.header('accept')?.includes('text/html')) throw notFound();
    return c.redirect(`${new URL(c.req.url).pathname.replace(/\/$/, '')}/console/`, 303);
  });
  router.get('/console', (c) => c.redirect(`${new URL(c.req.url).pathname}/`, 308));
  router.get('/console/:path{.*}', (c) => {
    if (console.kind === 'off') throw notFound();
    if (console.kind === 'unbuilt') return c.text(unbuiltText, 503);
    const path = c.req.param('path');
    const file = console.files.get(path);
    // A file that an older page asks for is gone; the page in its place would be taken for a broken script.
    if (!file && path.startsWith('assets/')) throw notFound();
    c.header('Content-Security-Policy', consoleContentPolicy);
    return answerBuiltFile(c, file ?? console.files.get('index.html'));
  });
  return router;
}

function notFound(): Refusal {
  return new Refusal('not_found', 'there is nothing here');
}
