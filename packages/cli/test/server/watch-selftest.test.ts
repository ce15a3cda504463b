/** The self-test of the watch, on a real server: with its own registry, with Debian's, and when the alarm does not come. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { chooseFreePort } from '../../../protocol/test/free-port.ts';
import { Client } from '../../src/http/client.ts';
import { openLocalRegistry } from '../../src/selftest/local-registry.ts';
import { runSelftest } from '../../src/selftest/selftest.ts';
import { missing, startDockerRegistry } from '../support/docker-registry.ts';
import { startServer } from '../support/server.ts';

describe('watch selftest', () => {
  test('the alarm comes, by webhook as well, and nothing is left of the trial', async (t) => {
    const [address, other] = [await chooseFreeAddress(), await chooseFreeAddress()];
    const settings = { SIGNPOST_WATCH_HOSTS: `http://${address}`, SIGNPOST_WEBHOOK_ADDRESSES: 'any' };
    const { json, signpost } = await startServer(t, { prepare: () => settings });
    const receiver = createServer((_, response) => response.writeHead(204).end()).listen(0, '127.0.0.1');
    t.after(() => receiver.close());
    await once(receiver, 'listening');
    const { port } = receiver.address() as AddressInfo;
    await json('webhook', 'create', `http://127.0.0.1:${port}/`, '--type', 'watch.finding.opened');

    const done = await json('watch', 'selftest', '--listen', address);
    const steps = done.steps as { step: string; ok: boolean; detail: string }[];
    assert.deepEqual([done.ok, steps.filter(({ ok }) => !ok)], [true, []], JSON.stringify(steps));
    assert.deepEqual(
      steps.slice(2).map(({ detail }) => detail),
      [
        'none; by the policy a gate says: ok',
        'signature.lost (high); by the policy a gate says: deny',
        'key.new (high); by the policy a gate says: deny',
        'delivered to 1',
        'source, trusted root and images',
      ],
    );
    assert.deepEqual((await json('watch', 'list')).sources, []);
    assert.deepEqual((await json('watch', 'findings')).findings, []);
    assert.deepEqual((await json('trust-root', 'list')).trust_roots, []);

    const unseen = await signpost('watch', 'selftest', '--listen', other);
    assert.deepEqual([unseen.code, /FAIL.*SIGNPOST_WATCH_HOSTS/.test(unseen.stdout)], [1, true], unseen.stdout);
    assert.deepEqual((await json('trust-root', 'list')).trust_roots, []);
    const made = await json('watch', 'add', `${address}/signpost/selftest`);
    const taken = await signpost('watch', 'selftest', '--listen', address);
    assert.deepEqual([taken.code, /FAIL.*is watched already/.test(taken.stdout)], [1, true], taken.stdout);
    const [kept] = (await json('watch', 'list')).sources as { id: string }[];
    assert.equal(kept?.id, made.id);
    const busy = await signpost('watch', 'selftest', '--listen', `127.0.0.1:${port}`);
    assert.deepEqual([busy.code, /is taken/.test(busy.stderr)], [1, true]);
    assert.equal((await signpost('watch', 'selftest', '--listen', '0.0.0.0:1')).code, 2);
    assert.equal((await signpost('watch', 'selftest', '--registry', 'nothing')).code, 2);
  });

  test('a registry with a password serves as well, again and again', { skip: missing }, async (t) => {
    const host = await chooseFreeAddress();
    const config = await startDockerRegistry(t, host);
    const prepare = (cwd: string) => {
      writeFileSync(join(cwd, 'config.json'), config);
      return { SIGNPOST_WATCH_HOSTS: `http://${host}`, SIGNPOST_DOCKER_CONFIG: join(cwd, 'config.json') };
    };
    const { cwd, json, signpost } = await startServer(t, { prepare });
    const words = ['watch', 'selftest', '--registry', `${host}/selftest`];
    for (const _ of ['once', 'again']) {
      const done = await json(...words, '--registry-config', join(cwd, 'config.json'));
      assert.equal(done.ok, true, JSON.stringify(done));
      assert.match(String((done.steps as { detail: string }[]).at(-1)?.detail), /the registry keeps 7 manifests$/);
    }
    const anonymous = await signpost(...words);
    assert.deepEqual([anonymous.code, /FAIL.*answered 401/.test(anonymous.stdout)], [1, true], anonymous.stdout);
    assert.deepEqual((await json('watch', 'list')).sources, []);
  });

  test('an alarm that does not come is told, and the trial is taken away all the same', async () => {
    const asked: string[] = [];
    const answers: Readonly<Record<string, object>> = {
      'POST /api/watch/sources': { id: 'a' },
      'POST /api/watch/observe': { state: 'observed' },
      'GET /api/watch/findings': { findings: [] },
      'GET /api/watch/verdict': { judged: 'ok', reasons: [] },
    };
    const fetch = async (input: unknown, options?: RequestInit) => {
      const question = `${options?.method ?? 'GET'} ${new URL(String(input)).pathname}`;
      asked.push(question);
      return Response.json(answers[question] ?? {});
    };
    const client = new Client({
      base: 'http://server.invalid',
      credential: {},
      fetch: fetch as typeof globalThis.fetch,
    });
    const repository = await openLocalRegistry('127.0.0.1:0');
    const steps = await runSelftest({ client, repository, now: () => Date.now(), told: () => {} });
    await repository.close();
    assert.deepEqual(
      steps.map(({ ok }) => ok),
      [true, true, true, false, true],
    );
    assert.equal(steps[3]?.detail, 'expected signature.lost, got none');
    assert.deepEqual(asked.slice(-2), [
      'DELETE /api/watch/sources/a',
      'DELETE /api/evidence/trust-roots/watch-selftest',
    ]);
  });
});

async function chooseFreeAddress(): Promise<string> {
  return `127.0.0.1:${await chooseFreePort()}`;
}
