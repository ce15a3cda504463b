import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { codePoint } from '../../../../../protocol/test/code-points.ts';
import { attachment, nameFile } from '../../../../src/pki/certificates/downloads/file-name.ts';
import type { CertificateRow } from '../../../../src/pki/records/certificate-row.ts';

function nameOf(commonName: string, names: readonly string[] = []): string {
  return nameFile({ common_name: commonName, names: JSON.stringify(names), serial: '0a1b' } as CertificateRow);
}

test('files are called by common name, first name or serial number', () => {
  for (const [commonName, names, expected] of [
    ['host.example.com', [], 'host.example.com'],
    ['', ['dns:*.example.com', 'dns:b'], 'wildcard.example.com'],
    ['', ['email:joe@example.com'], 'joe@example.com'],
    ['', ['ip:2001:db8::1'], '2001_db8_1'],
    ['', [], 'certificate-0a1b'],
    ['../../etc/passwd', [], 'etc_passwd'],
    ['C:\\Windows\\x', [], 'C_Windows_x'],
    ['a"; filename="evil.exe', [], 'a_filename=_evil.exe'],
    ['con', [], 'certificate-0a1b'],
    ['LPT1.txt', [], 'certificate-0a1b'],
    ['\u202egnp.exe', [], 'gnp.exe'],
    ['.hidden.', [], 'hidden'],
    ['Jörg Müller', [], 'Jörg_Müller'],
    ['x'.repeat(300), [], 'x'.repeat(80)],
  ] as const) {
    assert.equal(nameOf(commonName, names), expected);
  }
});

test('names beyond ASCII stand there twice: for everybody, and as they are', () => {
  assert.equal(attachment('plain.pem'), 'attachment; filename="plain.pem"');
  assert.equal(
    attachment("Jörg's (1).pem"),
    `attachment; filename="J_rg's (1).pem"; filename*=UTF-8''J%C3%B6rg%27s%20%281%29.pem`,
  );
});

test('whatever a certificate is called, the header is one line of ASCII and the name no path', () => {
  fc.assert(
    fc.property(fc.string({ unit: codePoint, maxLength: 120 }), (commonName) => {
      const name = nameOf(commonName.toWellFormed());
      assert.doesNotMatch(name, /[/\\\p{Cc}"]/u);
      assert.ok(name !== '' && name !== '.' && name !== '..');
      assert.match(
        attachment(`${name}.pem`),
        /^attachment; filename="[\x20-\x21\x23-\x5b\x5d-\x7e]+"(?:; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]+)?$/,
      );
    }),
  );
});
