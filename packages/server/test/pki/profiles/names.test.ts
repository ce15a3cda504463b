import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createName } from '@signpost/protocol/x509/name';
import { parseSubtree } from '@signpost/protocol/x509/subtree';
import fc from 'fast-check';
import { codePoint } from '../../../../protocol/test/code-points.ts';
import { assertALabels } from '../../../src/pki/profiles/a-label.ts';
import { formatNameText, parseName, parseNameText } from '../../../src/pki/profiles/name-text.ts';
import { orderSubject, readSubject } from '../../../src/pki/profiles/subject.ts';
import { isWithinSubtree } from '../../../src/pki/profiles/subtree.ts';

suite('a name as text', () => {
  test('comes back as it was written', () => {
    for (const text of [
      'dns:*.host.example',
      'ip:10.0.0.1',
      'ip:fd00::1',
      'email:A.b@host.example',
      'uri:spiffe://host.example/a',
    ]) {
      assert.equal(formatNameText(parseNameText(text)), text);
    }
    assert.equal(formatNameText(parseNameText('dns:HOST.Example')), 'dns:host.example');
  });

  const refusals: Readonly<Record<string, readonly [rule: string, text: string]>> = {
    'of no form': ['name-form', 'host.example'],
    'of another form': ['name-form', 'directory:CN=a'],
    'that is empty': ['name-form', 'dns:'],
    'that is a wildcard alone': ['name-form', 'dns:*'],
    'with a wildcard inside': ['name-form', 'dns:a.*.example'],
    'with an underscore': ['name-form', 'dns:_a.example'],
    'with a dot at the end': ['name-form', 'dns:a.example.'],
    'with a NUL': ['name-not-ascii', 'dns:good.example\0.evil.example'],
    'with a space': ['name-not-ascii', 'dns:a b.example'],
    'beyond ASCII': ['name-not-ascii', 'dns:b\u00fccher.example'],
    'of a host that is an address': ['name-form', 'dns:10.0.0.1'],
    'of an address with zeros before it': ['name-form', 'ip:010.0.0.1'],
    'of two mailboxes': ['name-form', 'email:a@b.example@c.example'],
    'of a relative URI': ['name-form', 'uri:/a'],
    'that is too long': ['name-form', `uri:https://a.example/${'a'.repeat(1024)}`],
  };
  for (const [what, [rule, text]] of Object.entries(refusals)) {
    test(`${what} is refused`, () => assert.throws(() => parseNameText(text), { code: 'invalid', rule }));
  }

  test('is a name or a refusal, whatever the text', () => {
    fc.assert(
      fc.property(fc.constantFrom('dns', 'ip', 'email', 'uri'), fc.string({ unit: codePoint }), (kind, text) => {
        try {
          parseNameText(formatNameText(parseName(kind as 'dns', text)));
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'invalid');
          assert.match((error as Error).message, /^[\x20-\x7e]*$/);
        }
      }),
    );
  });
});

test('labels that look like A-labels must be some', () => {
  assertALabels('xn--bcher-kva.example');
  for (const host of ['xn--.example', 'xn--a.example', 'ab--c.example', 'xn--bcher-kvb99999.example']) {
    assert.throws(() => assertALabels(host), { rule: 'name-a-label' });
  }
});

suite('a base of names', () => {
  const within = (name: string, base: string) => {
    const subtree = parseSubtree(base);
    assert.ok(subtree, base);
    return isWithinSubtree(parseNameText(name), subtree);
  };

  test('covers itself and what stands below', () => {
    for (const name of ['dns:host.example', 'dns:a.host.example', 'dns:*.host.example', 'dns:*.a.host.example']) {
      assert.equal(within(name, 'dns:Host.example'), true, name);
    }
    assert.equal(within('email:a@mail.host.example', 'email:host.example'), true);
    assert.equal(within('uri:spiffe://a@host.example:8443/x', 'uri:host.example'), true);
    assert.equal(within('ip:10.1.2.3', 'ip:10.0.0.0/8'), true);
    assert.equal(within('ip:fd00::1', 'ip:fc00::/7'), true);
    assert.equal(within('ip:10.0.0.1', 'ip:10.0.0.1'), true);
  });

  test('covers nothing beside it', () => {
    for (const name of ['dns:otherhost.example', 'dns:example', 'dns:*.example', 'dns:host.example.evil.example']) {
      assert.equal(within(name, 'dns:host.example'), false, name);
    }
    assert.equal(within('email:host.example@evil.example', 'email:host.example'), false);
    assert.equal(within('uri:https://evil.example/@host.example', 'uri:host.example'), false);
    assert.equal(within('uri:urn:host.example', 'uri:host.example'), false);
    assert.equal(within('ip:11.0.0.1', 'ip:10.0.0.0/8'), false);
    assert.equal(within('ip:::ffff:10.0.0.1', 'ip:10.0.0.0/8'), false);
    assert.equal(within('email:a@host.example', 'email:.host.example'), false);
    assert.equal(within('dns:host.example', 'email:host.example'), false);
  });

  test('that is none is not taken', () => {
    for (const text of [
      'host.example',
      'dns:',
      'dns:.host.example',
      'dns:*.a.example',
      'ip:10.0.0.1/8',
      'ip:10.0.0.0/33',
      'ip:a',
      'x:a',
    ]) {
      assert.equal(parseSubtree(text), undefined, text);
    }
  });
});

test('a subject is put in its usual order, and read from a name as it stands', () => {
  const ordered = orderSubject({ CN: 'a', O: 'b', C: 'AT', GN: 'c' });
  assert.deepEqual(ordered, [
    ['C', 'AT'],
    ['O', 'b'],
    ['GN', 'c'],
    ['CN', 'a'],
  ]);
  assert.deepEqual(readSubject(createName(ordered)), ordered);
  assert.throws(() => readSubject(createName([['1.2.3.4', 'a']])), { rule: 'subject-attribute' });
});
