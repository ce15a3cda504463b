/** Passkeys as Chromium makes and uses them, with its virtual authenticator, on a real server at `localhost`. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CDPSession, Page } from 'playwright-core';
import { chooseFreePort } from '../../../../protocol/test/free-port.ts';
import { findMissingBrowser, withSite } from '../../../../protocol/test/portable/browser.ts';
import { serve } from '../../../src/main.ts';
import { initialise } from '../../../src/setup.ts';
import { silentLog } from '../../silent-log.ts';
import { cheapCost } from '../../vault/cheap-cost.ts';
import { createQuickPasswords } from '../quick-passwords.ts';

const email = 'admin@mail.example';
const password = 'correct horse battery';
const masterPassword = 'a long master password';
const quick = { log: silentLog, passwords: createQuickPasswords(), vaultCost: cheapCost };

type Json = Record<string, unknown>;

test('a passkey is registered, logs in alone and beside a password, proves again, and is suspended when it was copied', {
  skip: findMissingBrowser(),
}, async (t) => {
  const base = await startServer(t);
  // Any page of the server: a passkey is bound to its origin, not to what stands there.
  await withSite(`${base}/api/docs`, async (page) => {
    const device = await page.context().newCDPSession(page);
    const authenticatorId = await addAuthenticator(device);
    const first = await send(base, 'POST /api/session', { json: { email, password } });
    const as = first.credential;
    const { body: options } = await send(base, 'POST /api/factors/passkeys/options', { as, json: { password } });
    const credential = await callBrowser(page, 'create', options);
    const made = await send(base, 'POST /api/factors/passkeys', { as, json: { name: 'Chromium', credential } });
    assert.equal(made.status, 201, JSON.stringify(made.body));

    assert.equal((await logInAlone(base, page)).status, 200);
    const half = await send(base, 'POST /api/session', { json: { email, password } });
    assert.deepEqual([half.status, half.body.methods], [202, ['passkey', 'recovery_code']]);
    const second = { token: half.body.token, passkey: await callBrowser(page, 'get', half.body.passkey as Json) };
    const opened = await send(base, 'POST /api/session/second-factor', { json: second });
    assert.equal(opened.status, 200);
    const asked = await send(base, 'POST /api/factors/step-up-options', { as: opened.credential });
    const passkey = await callBrowser(page, 'get', asked.body.options as Json);
    const remade = await send(base, 'POST /api/factors/recovery-codes', { as: opened.credential, json: { passkey } });
    assert.equal(remade.status, 200, JSON.stringify(remade.body));

    await device.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await assert.rejects(logInAlone(base, page), /NotAllowedError/, 'the browser keeps to what it is asked for');
    await device.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
    await setBackCounter(device, authenticatorId);
    assert.equal((await logInAlone(base, page)).status, 401);
    const listed = await send(base, 'GET /api/factors', { as: opened.credential });
    assert.equal((listed.body.passkeys as Json[])[0]?.suspended, true);
  });
});

async function startServer(t: { after: (close: () => Promise<void>) => void }): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const port = await chooseFreePort();
  const base = `http://localhost:${port}`;
  const environment = {
    ...{ SIGNPOST_DATA: dataDir, SIGNPOST_LISTEN: `127.0.0.1:${port}`, SIGNPOST_SCAN: 'off', SIGNPOST_BASE_URL: base },
    SIGNPOST_LOGINS_PER_MINUTE: '1000',
  };
  await initialise(
    environment,
    { masterPassword, organisationName: 'Example', admin: { email, name: 'Admin', password } },
    quick,
  );
  const server = await serve(environment, quick);
  t.after(() => server.stop());
  assert.equal((await send(base, 'POST /api/vault/unlock', { json: { password: masterPassword } })).status, 200);
  return base;
}

async function addAuthenticator(device: CDPSession): Promise<string> {
  await device.send('WebAuthn.enable');
  const { authenticatorId } = await device.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
      ...{ isUserVerified: true, automaticPresenceSimulation: true },
    },
  });
  return authenticatorId;
}

/** As a copy of the authenticator, which has not counted along. */
async function setBackCounter(device: CDPSession, authenticatorId: string): Promise<void> {
  const { credentials } = await device.send('WebAuthn.getCredentials', { authenticatorId });
  await device.send('WebAuthn.clearCredentials', { authenticatorId });
  for (const credential of credentials) {
    await device.send('WebAuthn.addCredential', { authenticatorId, credential: { ...credential, signCount: 0 } });
  }
}

async function logInAlone(base: string, page: Page) {
  const { body } = await send(base, 'POST /api/session/passkey/options');
  const passkey = await callBrowser(page, 'get', body.options as Json);
  return send(base, 'POST /api/session/passkey', { json: { passkey } });
}

/** What a page of the console does with the options. */
async function callBrowser(page: Page, act: 'create' | 'get', options: Json): Promise<Json> {
  return page.evaluate(
    async ({ act, options }) => {
      const credential =
        act === 'create'
          ? await navigator.credentials.create({
              publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options as never),
            })
          : await navigator.credentials.get({
              publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options as never),
            });
      return { ...(credential as PublicKeyCredential).toJSON() };
    },
    { act, options },
  );
}

/** From here, not from the page, whose content policy lets it ask nobody. */
async function send(
  base: string,
  line: string,
  { as = {}, json }: { as?: Record<string, string>; json?: unknown } = {},
): Promise<{ status: number; body: Json; credential: Record<string, string> }> {
  const [method = '', path = ''] = line.split(' ');
  const answer = await fetch(`${base}${path}`, {
    method,
    headers: { ...as, ...(json === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  const text = await answer.text();
  const body = text === '' ? {} : (JSON.parse(text) as Json);
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  return { status: answer.status, body, credential: { cookie, 'x-signpost-csrf': String(body.csrf_token) } };
}
