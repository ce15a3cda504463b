import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import {
  clientAddress,
  createTrustedProxies,
  isForwardedOverHttps,
  limitKey,
  normaliseAddress,
  unknownAddress,
} from '../../src/http/address.ts';

const nobody = createTrustedProxies([]);
const proxies = createTrustedProxies(['10.0.0.0/8', '2001:db8:1::/48', '192.0.2.7']);

suite('the client address', () => {
  test('is the peer’s without a trusted proxy, whatever the header says', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.string(), (peer, header) => {
        assert.equal(clientAddress(peer, header, nobody), peer);
      }),
    );
  });

  test('is the last hop that is not trusted, however many a client invents before it', () => {
    const hop = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string());
    const trusted = fc.array(fc.constantFrom('10.1.2.3', '10.255.0.1', '192.0.2.7'), { maxLength: 5 });
    fc.assert(
      fc.property(fc.array(hop, { maxLength: 8 }), trusted, (invented, own) => {
        const header = [...invented, '203.0.113.9', ...own].join(', ');
        assert.equal(clientAddress('10.0.0.1', header, proxies), '203.0.113.9');
      }),
    );
  });

  test('is never taken from text that is no address', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const address = clientAddress('10.0.0.1', header, proxies);
        assert.ok(address === '10.0.0.1' || normaliseAddress(address) === address);
      }),
    );
  });

  test('is the first hop when every hop is trusted', () => {
    assert.equal(clientAddress('10.0.0.1', '10.0.0.3, 10.0.0.2', proxies), '10.0.0.3');
  });

  test('is found behind ports, brackets and IPv4 within IPv6', () => {
    assert.equal(clientAddress('::ffff:10.0.0.1', '203.0.113.9:4711', proxies), '203.0.113.9');
    assert.equal(clientAddress('2001:db8:1::5', '[2001:DB8::1]:4711', proxies), '2001:db8::1');
  });

  test('is unknown without a connection, and the header does not replace it', () => {
    assert.equal(clientAddress(undefined, '203.0.113.9', proxies), unknownAddress);
  });
});

test('only a trusted peer says that a request came over HTTPS, and only its own word counts', () => {
  assert.equal(isForwardedOverHttps('10.0.0.1', 'https', proxies), true);
  assert.equal(isForwardedOverHttps('10.0.0.1', 'https, http', proxies), false);
  assert.equal(isForwardedOverHttps('203.0.113.9', 'https', proxies), false);
  assert.equal(isForwardedOverHttps(undefined, 'https', proxies), false);
});

test('the limits count an IPv6 network of 64 bits as one client, in whichever form it is written', () => {
  assert.equal(limitKey('2001:db8::1'), limitKey('2001:0db8:0:0:ffff:1:2:3'));
  assert.notEqual(limitKey('2001:db8::1'), limitKey('2001:db8:0:1::1'));
  assert.equal(limitKey('::1'), '0:0:0:0::/64');
  assert.equal(limitKey('192.0.2.1'), '192.0.2.1');
  fc.assert(fc.property(fc.ipV6(), (address) => assert.match(limitKey(address), /^([0-9a-f]{1,4}:){4}:\/64$/)));
});

test('a range that is none is refused', () => {
  for (const range of ['', 'localhost', '10.0.0.0/33', '10.0.0.0/x']) {
    assert.throws(() => createTrustedProxies([range]), range);
  }
});
