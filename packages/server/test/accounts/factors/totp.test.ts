import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { computeHotp, encodeBase32, encodeTotpUri, findStep, stepAt } from '../../../src/accounts/factors/totp.ts';

const secret = Buffer.from('12345678901234567890');

suite('a one-time password', () => {
  test('is that of RFC 4226, appendix D', () => {
    const expected = '755224 287082 359152 969429 338314 254676 287922 162583 399871 520489'.split(' ');
    assert.deepEqual(
      expected.map((_, counter) => computeHotp(secret, counter)),
      expected,
    );
  });

  test('is that of RFC 6238, appendix B, of whose eight digits the last six are ours', () => {
    const vectors: Record<number, string> = {
      59: '94287082',
      1111111109: '07081804',
      1111111111: '14050471',
      1234567890: '89005924',
      2000000000: '69279037',
      20000000000: '65353130',
    };
    for (const [seconds, code] of Object.entries(vectors)) {
      assert.equal(computeHotp(secret, stepAt(Number(seconds) * 1000)), code.slice(2), seconds);
    }
  });

  test('counts one step early and one late, and not two', () => {
    const time = fc.integer({ min: 90_000, max: 8_000_000_000_000 });
    fc.assert(
      fc.property(time, fc.integer({ min: -3, max: 3 }), (at, steps) => {
        const found = findStep(secret, computeHotp(secret, stepAt(at) + steps), at);
        if (Math.abs(steps) <= 1) assert.ok(found !== undefined && found >= stepAt(at) + steps);
        // Of a million codes two may be the same: then it is the one of a step that counts.
        else if (found !== undefined) assert.ok(Math.abs(found - stepAt(at)) <= 1);
      }),
    );
  });

  test('that is no six digits is wrong', () => {
    const code = computeHotp(secret, stepAt(0));
    for (const wrong of ['', code.slice(1), `${code}0`, ` ${code}`, '٣٣٣٣٣٣'])
      assert.equal(findStep(secret, wrong, 0), undefined);
  });
});

suite('base32', () => {
  test('is that of RFC 4648, section 10, without padding', () => {
    const vectors = {
      '': '',
      f: 'MY',
      fo: 'MZXQ',
      foo: 'MZXW6',
      foob: 'MZXW6YQ',
      fooba: 'MZXW6YTB',
      foobar: 'MZXW6YTBOI',
    };
    for (const [plain, text] of Object.entries(vectors)) assert.equal(encodeBase32(Buffer.from(plain)), text);
  });

  test('has the bits of the bytes in their order', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
    const bitsOf = (values: Iterable<number>, width: number) =>
      [...values].map((value) => value.toString(2).padStart(width, '0')).join('');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const bits = bitsOf(bytes, 8);
        const coded = bitsOf(
          [...encodeBase32(bytes)].map((letter) => alphabet.indexOf(letter)),
          5,
        );
        assert.ok(coded.startsWith(bits) && /^0{0,4}$/.test(coded.slice(bits.length)));
      }),
    );
  });
});

test('what an app reads names issuer, account and secret, whatever letters they have', () => {
  const names = { issuer: 'Signpost a.example', account: 'a+b:c@d.example' };
  const url = new URL(encodeTotpUri(secret, names));
  assert.equal(url.protocol, 'otpauth:');
  assert.equal(decodeURIComponent(url.pathname.replace(/^\/+(?:totp\/)?/, '')), `${names.issuer}:${names.account}`);
  assert.equal(url.searchParams.get('secret'), encodeBase32(secret));
  assert.equal(url.searchParams.get('issuer'), names.issuer);
});
