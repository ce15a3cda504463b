/** Uploads over a real socket. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type Server } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { serve } from '@hono/node-server';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../../../src/http/context.ts';
import { answerProblem } from '../../../src/http/problem.ts';
import { uploadRoutes } from '../../../src/releases/uploads/routes.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { buildZip, file } from '../inspection/zip-builder.ts';
import { openWorkshop, type Workshop } from './workshop.ts';

const zip = buildZip([file('a.txt', { content: Buffer.alloc(300_000, 'abc'), method: 0 })]);
const base = '/api/projects/demo/uploads';

function createApp(workshop: Workshop): OpenAPIHono<AppEnv> {
  const app = new OpenAPIHono<AppEnv>();
  app.onError((error, c) => answerProblem(c, error, { log: workshop.log }));
  app.use(async (c, next) => {
    c.set('organisation', workshop.organisation);
    c.set('principal', { kind: 'anonymous' });
    await next();
  });
  app.route('/', uploadRoutes(workshop));
  return app;
}

forEachEngine((_name, open) => {
  describe('uploads over HTTP', () => {
    let workshop: Workshop;
    let app: OpenAPIHono<AppEnv>;
    let server: Server;
    let origin = '';
    before(async () => {
      workshop = await openWorkshop(await open(), { scan: 'off' });
      app = createApp(workshop);
      server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
      await once(server, 'listening');
      const address = server.address();
      assert.ok(address && typeof address === 'object');
      origin = `http://127.0.0.1:${address.port}`;
    });
    after(async () => {
      server.closeAllConnections();
      server.close();
      await workshop.close();
    });

    async function ask(method: string, path: string, body?: Buffer | object) {
      const isBytes = Buffer.isBuffer(body);
      const init = {
        method,
        ...(body && { body: isBytes ? Uint8Array.from(body) : JSON.stringify(body) }),
        headers: { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' },
      };
      const response = await fetch(origin + path, init);
      const text = await response.text();
      return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
    }

    async function create(name: string) {
      const announced = { version: '1.0.0', name, size_bytes: zip.length };
      const { status, body } = await ask('POST', base, announced);
      assert.equal(status, 201);
      return body;
    }

    test('a file is announced, sent in two parts, inspected and accepted', async () => {
      const created = await create('whole.zip');
      assert.deepEqual(
        { ...created, id: '' },
        { id: '', state: 'receiving', stage: null, progress: 0, offset: 0, size_bytes: zip.length },
      );
      const path = `${base}/${created.id}`;
      assert.equal((await ask('PUT', `${path}?offset=0`, zip.subarray(0, 200_000))).body.offset, 200_000);
      assert.equal((await ask('PUT', `${path}?offset=200000`, zip.subarray(200_000))).body.state, 'inspecting');
      await workshop.work();
      const { body } = await ask('GET', path);
      assert.deepEqual([body.state, body.release.version, body.artifact.name], ['accepted', '1.0.0', 'whole.zip']);
    });

    test('a wrong offset is answered with the right one', async () => {
      const { id } = await create('offset.zip');
      await ask('PUT', `${base}/${id}?offset=0`, zip.subarray(0, 1000));
      const { status, body } = await ask('PUT', `${base}/${id}?offset=5`, zip.subarray(5));
      assert.deepEqual([status, body.code, body.rule, body.offset], [409, 'conflict', 'upload-offset', 1000]);
      assert.match(body.hint, /offset/);
    });

    test('more bytes than announced are answered, not cut off', async () => {
      const { id } = await create('more.zip');
      const { status, body } = await ask('PUT', `${base}/${id}?offset=0`, Buffer.concat([zip, zip]));
      assert.deepEqual([status, body.rule], [400, 'size-mismatch']);
    });

    test('a connection that breaks keeps what came', async () => {
      const { id } = await create('broken.zip');
      const put = httpRequest(`${origin}${base}/${id}?offset=0`, {
        method: 'PUT',
        headers: { 'content-length': zip.length },
      });
      put.on('error', () => undefined);
      put.write(zip.subarray(0, 100_000));
      let { body } = await ask('GET', `${base}/${id}`);
      while (body.offset < 100_000) ({ body } = await ask('GET', `${base}/${id}`));
      put.destroy();
      while (workshop.parts.isBusy(id)) await new Promise(setImmediate);
      const { status } = await ask('PUT', `${base}/${id}?offset=100000`, zip.subarray(100_000));
      assert.equal(status, 200);
    });

    test('a refusal shows its rule, message and hint', async () => {
      const evil = buildZip([file('../evil')]);
      const { body } = await ask('POST', base, { version: '1.0.0', name: 'evil.zip', size_bytes: evil.length });
      await ask('PUT', `${base}/${body.id}?offset=0`, evil);
      await workshop.work();
      const { body: ended } = await ask('GET', `${base}/${body.id}`);
      assert.equal(ended.state, 'refused');
      assert.equal(ended.refusal.rule, 'path-traversal');
      assert.deepEqual(Object.keys(ended.refusal), ['rule', 'message', 'hint']);
    });

    test('a request without a socket is read from its body', async () => {
      const { id } = await create('request.zip');
      const request = new Request(`http://localhost${base}/${id}?offset=0`, {
        method: 'PUT',
        body: Uint8Array.from(zip),
      });
      const response = await app.request(request);
      assert.equal(response.status, 200);
    });

    test('an upload is given up', async () => {
      const { id } = await create('given-up.zip');
      assert.equal((await ask('DELETE', `${base}/${id}`)).status, 204);
      assert.equal((await ask('GET', `${base}/${id}`)).status, 404);
      assert.equal((await ask('GET', `${base}/..%2f..%2fetc`)).status, 404);
    });

    test('a request that is not of the schema is refused', async () => {
      assert.equal((await ask('POST', base, { version: '1.0.0' })).status, 400);
      assert.equal((await ask('PUT', `${base}/x?offset=-1`, zip)).status, 400);
      assert.equal((await ask('PUT', `${base}/x?offset=a`, zip)).status, 400);
    });
  });
});
