/** Sending: over TLS that is checked, to one recipient, without a word that could end a header. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import fc from 'fast-check';
import { codePoint } from '../../../protocol/test/code-points.ts';
import { parseConfig } from '../../src/config.ts';
import { parseMailAddress } from '../../src/mail/address.ts';
import { createMailer } from '../../src/mail/mailer.ts';
import { writePlainLine } from '../../src/mail/plain-line.ts';
import { issueCertificate, openSmtpServer } from './smtp-server.ts';

const signal = new AbortController().signal;
const from = 'signpost@sign.example';
const message = { id: 'n1', to: 'ops@corp.example', subject: '[Signpost] A trial', text: 'one\n.\nthree ü\n', at: 0 };

test('an address that is taken stands unchanged in a header, and everything else is refused', () => {
  const ordinary = fc.stringMatching(/^[a-z0-9+_-]{1,20}@[a-z0-9]{1,20}\.[a-z]{2,8}$/);
  fc.assert(fc.property(ordinary, (text) => assert.equal(parseMailAddress(text), text)));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: codePoint }), fc.emailAddress()), (text) => {
      const address = parseMailAddress(text);
      if (address === undefined) return;
      assert.match(address, /^[!-~]{3,254}$/);
      assert.doesNotMatch(address, /[\s<>(),;:"\\[\]]/);
      assert.equal(parseMailAddress(address), address);
    }),
  );
  for (const text of [
    ...['', '@', 'a@', '@b.c', 'a b@c.de', 'a@b.c\r\nBcc: x@y.z', 'a@b.c\n', 'A <a@b.c>', 'a@b.c,d@e.f', '"a"@b.c'],
    ...['a..b@c.de', '.a@c.de', 'a@[127.0.0.1]', 'a@127.0.0.1', 'ü@c.de', 'a@-b.de', `${'a'.repeat(65)}@b.de`],
  ]) {
    assert.equal(parseMailAddress(text), undefined, JSON.stringify(text));
  }
  assert.equal(parseMailAddress('Ops@EXAMPLE.org'), 'Ops@example.org');
});

test('words of strangers stay on one line, and steer nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: codePoint }), (text) => {
      assert.doesNotMatch(writePlainLine(text), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    }),
  );
  assert.equal(writePlainLine('a\r\n.\r\nb\u202e'), 'a\\u{d}\\u{a}.\\u{d}\\u{a}b\\u{202e}');
  assert.equal(writePlainLine('abc', 2), 'ab…');
});

test('a message of more than one recipient or with a subject of more than one line is refused', async () => {
  const mailer = createMailer({
    server: { host: '127.0.0.1', port: 1, security: 'none', user: undefined },
    from,
    passwordFile: undefined,
  });
  await assert.rejects(mailer.send({ ...message, to: 'a@b.de, c@d.de' }, signal), TypeError);
  await assert.rejects(mailer.send({ ...message, subject: 'a\r\nBcc: x@y.de' }, signal), TypeError);
});

test('over STARTTLS and TLS the certificate counts, and the password goes out after it alone', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(folder, { recursive: true }));
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, 'hunter2\n');
  const certificate = await issueCertificate();
  const known = getCACertificates('default');
  for (const security of ['starttls', 'tls'] as const) {
    const smtp = await openSmtpServer({ security, answers: {} }, certificate);
    t.after(() => smtp.close());
    const server = { host: 'localhost', port: smtp.port, security, user: 'robot' };
    const mailer = createMailer({ server, from, passwordFile });
    setDefaultCACertificates(known);
    const strange = await mailer.send(message, signal);
    assert.equal(strange.kind, 'put-off');
    assert.equal(smtp.taken.length, 0);
    setDefaultCACertificates([...known, certificate.cert]);
    assert.deepEqual(await mailer.send(message, signal), { kind: 'taken' });
    const [mail] = smtp.taken;
    assert.ok(mail?.isEncrypted);
    assert.equal(mail.login, '\0robot\0hunter2');
    assert.match(mail.from, /^MAIL FROM:<signpost@sign\.example>/);
    assert.deepEqual(mail.to, ['RCPT TO:<ops@corp.example>']);
    assert.match(mail.raw, /^Auto-Submitted: auto-generated\r\n/m);
    assert.match(mail.raw, /^Message-ID: <n1@sign\.example>\r\n/im);
    assert.match(mail.raw, /^Content-Type: text\/plain/m);
  }
  setDefaultCACertificates(known);
});

test('a server without STARTTLS is told nothing', async (t) => {
  const smtp = await openSmtpServer({ security: 'none', answers: { STARTTLS: '502 unknown' } });
  t.after(() => smtp.close());
  const server = { host: '127.0.0.1', port: smtp.port, security: 'starttls', user: undefined } as const;
  const outcome = await createMailer({ server, from, passwordFile: undefined }).send(message, signal);
  assert.equal(outcome.kind, 'put-off');
  assert.equal(smtp.taken.length, 0);
});

test('what will never be taken is told from what may be, and the reason holds no word of the server', async (t) => {
  const smtp = await openSmtpServer();
  t.after(() => smtp.close());
  const server = { host: '127.0.0.1', port: smtp.port, security: 'none', user: undefined } as const;
  const mailer = createMailer({ server, from, passwordFile: undefined });
  const cases = [
    [{ RCPT: '550 no hunter2 here' }, 'refused'],
    [{ RCPT: '450 later hunter2' }, 'put-off'],
    [{ '.': '554 hunter2 is spam' }, 'refused'],
    [{ '.': '451 hunter2' }, 'put-off'],
    [{ EHLO: '421 hunter2', HELO: '421 hunter2' }, 'put-off'],
  ] as const;
  for (const [answers, kind] of cases) {
    smtp.behaviour.answers = answers;
    const outcome = await mailer.send(message, signal);
    assert.equal(outcome.kind, kind, JSON.stringify([answers, outcome]));
    assert.doesNotMatch(JSON.stringify(outcome), /hunter2/);
  }
  smtp.behaviour.answers = {};
  const aborted = AbortSignal.abort(new Error('the server stops'));
  await assert.rejects(mailer.send(message, aborted), /the server stops/);
  const nobody = createMailer({ server: { ...server, user: 'robot' }, from, passwordFile: '/nonexistent/hunter2' });
  assert.deepEqual(await nobody.send(message, signal), { kind: 'put-off', reason: 'ENOENT' });
});

test('settings of mail hold together, and passwords stand in none of them', () => {
  const parse = (env: Record<string, string>) => parseConfig({ SIGNPOST_MAIL_FROM: from, ...env });
  const server = (url: string, env = {}) => parse({ SIGNPOST_SMTP_URL: url, ...env }).mail?.server;
  assert.equal(parseConfig({}).mail, undefined);
  assert.deepEqual(server('smtps://mx.example'), { host: 'mx.example', port: 465, security: 'tls', user: undefined });
  assert.equal(server('smtp://mx.example')?.security, 'starttls');
  assert.equal(server('smtp://[::1]:2525')?.security, 'none');
  const withPassword = { SIGNPOST_SMTP_PASSWORD_FILE: '/run/credentials/smtp' };
  assert.equal(server('smtps://robot%40corp.example@mx.example', withPassword)?.user, 'robot@corp.example');
  for (const env of [
    ...[{}, { SIGNPOST_SMTP_URL: 'smtps://robot:hunter2@mx.example', ...withPassword }, { ...withPassword }],
    ...[
      { SIGNPOST_SMTP_URL: 'smtps://robot@mx.example' },
      { SIGNPOST_SMTP_URL: 'smtps://mx.example', ...withPassword },
    ],
    ...[{ SIGNPOST_SMTP_URL: 'https://mx.example' }, { SIGNPOST_SMTP_URL: 'smtp://mx.example/?tls=no' }],
    ...[{ SIGNPOST_SMTP_URL: 'smtps://mx.example', SIGNPOST_MAIL_FROM: 'A <a@b.de>' }],
    ...[{ SIGNPOST_SMTP_URL: 'smtps://a%0d%0ab@mx.example', ...withPassword }],
  ]) {
    assert.throws(
      () => parse(env),
      (error: Error) => /SIGNPOST_(?:SMTP|MAIL)/.test(error.message) && !/hunter2/.test(error.message),
      JSON.stringify(env),
    );
  }
});
