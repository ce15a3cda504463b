/** Distinguished names, general names, addresses, and which of them are the same, within another, or well formed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DerReader } from '@signpost/protocol/asn1/reader';
import type { StringTag } from '@signpost/protocol/asn1/string';
import { tags } from '@signpost/protocol/asn1/tag';
import { encodeDer, oid, primitive, sequence, sequenceOf, setOf } from '@signpost/protocol/asn1/writer';
import { formatAddress, parseAddress } from '@signpost/protocol/x509/address';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { encodeGeneralName, type GeneralName, readGeneralName } from '@signpost/protocol/x509/general-name';
import {
  createName,
  type DistinguishedName,
  formatName,
  isSameName,
  isWithinName,
  listAttributes,
  readName,
} from '@signpost/protocol/x509/name';
import { assertPermitted } from '@signpost/protocol/x509/name-constraints';
import {
  assertGeneralName,
  assertSubtree,
  findUriHost,
  isHostName,
  isMailbox,
} from '@signpost/protocol/x509/name-syntax';
import { assertServerName, parseServerName } from '@signpost/protocol/x509/server-name';
import fc from 'fast-check';
import { directory, dns } from './authority.ts';

/** A name of common names, each in a string type of its own choice. */
function nameOf(...parts: readonly (readonly [StringTag, string | Uint8Array])[]): DistinguishedName {
  const relative = parts.map(([tag, text]) => {
    const content = typeof text === 'string' ? new TextEncoder().encode(text) : text;
    return setOf([sequence(oid('2.5.4.3'), primitive(tag, content))]);
  });
  return readName(new DerReader(encodeDer(sequenceOf(relative))));
}

test('names are the same whatever string type, case, white space and form of Unicode they have', () => {
  const plain = nameOf([tags.printableString, 'Example Org']);
  for (const other of [
    nameOf([tags.utf8String, 'Example Org']),
    nameOf([tags.utf8String, ' example\t  ORG ']),
    nameOf([tags.bmpString, Uint8Array.from([...'Example Org'].flatMap((one) => [0, one.charCodeAt(0)]))]),
    nameOf([tags.utf8String, 'Ｅxample\u00a0Org']),
  ]) {
    assert.ok(isSameName(plain, other));
    assert.ok(isSameName(other, plain));
  }
  assert.ok(isSameName(nameOf([tags.utf8String, 'e\u0301']), nameOf([tags.utf8String, '\u00c9'])));
  for (const other of [
    nameOf([tags.printableString, 'ExampleOrg']),
    nameOf([tags.printableString, 'Example Org'], [tags.printableString, 'Example Org']),
    createName([['O', 'Example Org']]),
    createName([]),
  ]) {
    assert.ok(!isSameName(plain, other), formatName(other));
  }
});

test('a name of several attributes at once is not a name of several steps', () => {
  const [one, two] = ['a', 'b'].map((text) =>
    sequence(oid('2.5.4.3'), primitive(tags.utf8String, new TextEncoder().encode(text))),
  );
  assert.ok(one && two);
  const joined = readName(new DerReader(encodeDer(sequence(setOf([one, two])))));
  const steps = readName(new DerReader(encodeDer(sequence(setOf([one]), setOf([two])))));
  assert.ok(!isSameName(joined, steps));
  assert.equal(formatName(joined), 'CN=a+CN=b');
  assert.deepEqual(listAttributes(joined, 'CN'), ['a', 'b']);
});

test('text cannot make one attribute look like two', () => {
  const tricky = nameOf([tags.utf8String, 'a"],["2.5.4.3","b']);
  assert.ok(!isSameName(tricky, nameOf([tags.utf8String, 'a'], [tags.utf8String, 'b'])));
  assert.equal(formatName(nameOf([tags.utf8String, 'a, CN=b'])), 'CN=a\\, CN=b');
});

test('a name with NUL, or with nothing in a step, is refused', () => {
  assert.throws(() => nameOf([tags.utf8String, 'paypal.com\0.example.com']), { code: 'malformed' });
  assert.throws(() => readName(new DerReader(encodeDer(sequence(setOf([]))))), { code: 'malformed' });
});

test('a value that is no text is kept and shown in hexadecimal', () => {
  const bits = setOf([sequence(oid('2.5.4.45'), primitive(tags.bitString, Uint8Array.of(0, 0xa5)))]);
  const name = readName(new DerReader(encodeDer(sequence(bits))));
  assert.equal(formatName(name), '2.5.4.45=#030200a5');
});

test('names below a name begin with it', () => {
  const base = createName([
    ['C', 'AT'],
    ['O', 'Example'],
  ]);
  assert.ok(
    isWithinName(
      createName([
        ['C', 'AT'],
        ['O', 'EXAMPLE'],
        ['CN', 'a'],
      ]),
      base,
    ),
  );
  assert.ok(!isWithinName(createName([['C', 'AT']]), base));
  assert.ok(
    !isWithinName(
      createName([
        ['O', 'Example'],
        ['C', 'AT'],
      ]),
      base,
    ),
  );
});

test('writing an attribute that does not fit is a mistake of the programmer', () => {
  for (const wrong of [
    ['C', 'Austria'],
    ['C', 'at'],
    ['CN', ''],
    ['CN', 'a\0'],
    ['DC', 'ä'],
    ['serialNumber', 'a@b'],
  ] as const) {
    assert.throws(() => createName([wrong]), TypeError);
  }
});

test('general names of every form come back', () => {
  const names: readonly GeneralName[] = [
    { kind: 'other', type: '1.3.6.1.5.5.7.8.9', value: Uint8Array.of(0x0c, 1, 0x61) },
    { kind: 'email', text: 'a@example.com' },
    dns('example.com'),
    directory([['CN', 'a']]),
    { kind: 'uri', text: 'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6' },
    { kind: 'ip', address: Uint8Array.of(192, 0, 2, 1) },
    { kind: 'registered-id', oid: '1.2.3.4' },
    { kind: 'x400', bytes: Uint8Array.of(0xa3, 2, 0x30, 0) },
    { kind: 'edi-party', bytes: Uint8Array.of(0xa5, 5, 0xa1, 3, 0x0c, 1, 0x61) },
  ];
  for (const name of names) assert.deepEqual(readGeneralName(new DerReader(encodeDer(encodeGeneralName(name)))), name);
  assert.throws(() => readGeneralName(new DerReader(Uint8Array.of(0x89, 0))), { code: 'malformed' });
});

test('addresses are written in their one form and read in many', () => {
  for (const [text, canonical] of [
    ['192.0.2.1', '192.0.2.1'],
    ['2001:0DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ] as const) {
    assert.equal(formatAddress(parseAddress(text) ?? new Uint8Array()), canonical);
  }
  for (const wrong of [
    '',
    '1.2.3',
    '01.2.3.4',
    '1.2.3.256',
    '1.2.3.4.5',
    ':',
    ':::',
    '1::2::3',
    '12345::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '::1%eth0',
    '1:2:3:4:5:6:7::8',
    '::1.2.3',
    '0x1.2.3.4',
  ]) {
    assert.equal(parseAddress(wrong), undefined, wrong);
  }
  const octets = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  const sparse = octets.chain((one) =>
    fc.array(fc.nat(15)).map((zeros) => new Uint8Array(one.map((octet, index) => (zeros.includes(index) ? 0 : octet)))),
  );
  fc.assert(
    fc.property(sparse, (address) => {
      const text = formatAddress(address);
      assert.deepEqual(parseAddress(text), address);
      // The WHATWG's URL serialiser writes RFC 5952 too.
      const host = address.length === 4 ? text : `[${text}]`;
      assert.equal(new URL(`http://${host}/`).hostname, host);
    }),
  );
});

test('host names, mailboxes and addresses of the web are told from what only looks like them', () => {
  for (const good of [
    'a',
    'example.com',
    'xn--bcher-kva.example',
    'a-b.c0',
    '0x1.com',
    'a.0xyz',
    `${'a'.repeat(63)}.com`,
  ])
    assert.ok(isHostName(good), good);
  for (const bad of [
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    '-a.com',
    'a-.com',
    'a_b.com',
    'bücher.example',
    '*.com',
    'a b',
    '1.2.3.4',
    'a.1',
    '0x7f000001',
    'a.0X7f',
    'a.0x',
    `${'a'.repeat(64)}.com`,
    'a\n',
  ])
    assert.ok(!isHostName(bad), bad);
  for (const good of ['a@example.com', 'a.b+c@example.com', '*@example.com']) assert.ok(isMailbox(good), good);
  for (const bad of [
    'a',
    '@example.com',
    'a@',
    'a@b@example.com',
    'a b@example.com',
    '.a@example.com',
    'a@192.0.2.1',
    'ä@example.com',
    '"a b"@example.com',
  ])
    assert.ok(!isMailbox(bad), bad);
  assert.equal(findUriHost('https://user@Example.com:443/path'), 'example.com');
  for (const none of ['urn:a', 'https://192.0.2.1/', 'https://[::1]/', 'https:///a', '//example.com/'])
    assert.equal(findUriHost(none), undefined, none);
  for (const name of [
    { kind: 'uri', text: 'no scheme' },
    { kind: 'uri', text: 'https://a/ b' },
    { kind: 'ip', address: new Uint8Array(8) },
  ] as const) {
    assert.throws(() => assertGeneralName(name), { code: 'certificate_invalid' });
  }
});

const nothing = { kind: 'directory', name: createName([]) } as const;

/** A certificate as far as name constraints look at it. */
function holderOf(names: readonly GeneralName[], subject: DistinguishedName = nothing.name): Certificate {
  return {
    subject,
    extensions: { subjectAlternativeName: { critical: false, value: names } },
  } as unknown as Certificate;
}

function ip(...octets: number[]): GeneralName {
  return { kind: 'ip', address: Uint8Array.from(octets) };
}

const mail = (text: string): GeneralName => ({ kind: 'email', text });
const uri = (text: string): GeneralName => ({ kind: 'uri', text });

const within: readonly (readonly [name: GeneralName, base: GeneralName, isWithin: boolean])[] = [
  [dns('a.example.com'), dns('example.com'), true],
  [dns('example.com'), dns('example.com'), true],
  [dns('notexample.com'), dns('example.com'), false],
  [dns('example.com'), dns('a.example.com'), false],
  [dns('anything.test'), dns(''), true],
  [mail('a@example.com'), mail('example.com'), true],
  [mail('a@b.example.com'), mail('example.com'), false],
  [mail('a@b.example.com'), mail('.example.com'), true],
  [mail('a@example.com'), mail('.example.com'), false],
  [mail('a@EXAMPLE.com'), mail('a@example.com'), true],
  [mail('A@example.com'), mail('a@example.com'), false],
  [uri('https://example.com/a'), uri('example.com'), true],
  [uri('https://b.example.com/a'), uri('example.com'), false],
  [uri('https://b.example.com/a'), uri('.example.com'), true],
  [uri('https://example.com@evil.test/'), uri('example.com'), false],
  [ip(192, 0, 2, 7), ip(192, 0, 2, 0, 255, 255, 255, 0), true],
  [ip(192, 0, 3, 7), ip(192, 0, 2, 0, 255, 255, 255, 0), false],
  [ip(192, 0, 2, 7), ip(...new Array<number>(32).fill(0)), false],
  [
    directory([
      ['O', 'a'],
      ['CN', 'b'],
    ]),
    directory([['O', 'A']]),
    true,
  ],
  [directory([['O', 'b']]), directory([['O', 'a']]), false],
];

test('a permitted name lies within one of its own form, an excluded one within none', () => {
  for (const [name, base, isWithin] of within) {
    const holder = holderOf([name]);
    const permitted = () => assertPermitted(holder, [{ permitted: [base], excluded: [] }]);
    const excluded = () => assertPermitted(holder, [{ permitted: [], excluded: [base] }]);
    const [passes, fails] = isWithin ? [permitted, excluded] : [excluded, permitted];
    passes();
    assert.throws(fails, { code: 'certificate_invalid' }, JSON.stringify([name, base]));
  }
});

test('names of a form that is constrained and not understood are refused', () => {
  for (const name of [uri('urn:a'), uri('https://192.0.2.1/'), { kind: 'registered-id', oid: '1.2' }] as const) {
    const base = name.kind === 'uri' ? uri('example.com') : name;
    assert.throws(() => assertPermitted(holderOf([name]), [{ permitted: [], excluded: [base] }]), {
      code: 'certificate_invalid',
    });
  }
});

test('mail addresses in the subject are constrained like all others', () => {
  const constraints = [{ permitted: [mail('example.com')], excluded: [] }];
  assertPermitted(holderOf([], createName([['emailAddress', 'a@example.com']])), constraints);
  for (const text of ['a@evil.test', 'a@evil.test@example.com']) {
    assert.throws(() => assertPermitted(holderOf([], createName([['emailAddress', text]])), constraints), {
      code: 'certificate_invalid',
    });
  }
});

test('constraints that mean nothing are refused', () => {
  for (const base of [
    dns('.a.com'),
    dns('*.a.com'),
    mail('a@b@c.com'),
    mail('@a.com'),
    uri('https://a.com'),
    uri('192.0.2.1'),
    ip(1, 2, 3, 4),
    ip(1, 2, 3, 4, 255, 0, 255, 0),
  ]) {
    assert.throws(() => assertSubtree(base), { code: 'certificate_invalid' }, JSON.stringify(base));
  }
  for (const base of [dns(''), dns('a.com'), mail('.a.com'), uri('.a.com'), ip(1, 2, 3, 4, 255, 255, 255, 255)])
    assertSubtree(base);
});

test('a wildcard stands for one label, a name for itself, and a common name for nothing', () => {
  for (const [pattern, host, isFor] of [
    ['*.example.com', 'a.example.com', true],
    ['*.example.com', 'A.EXAMPLE.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'a.b.example.com', false],
    ['*.com', 'example.com', false],
    ['*', 'localhost', false],
    ['a*.example.com', 'ab.example.com', false],
    ['a.*.com', 'a.b.com', false],
    ['*.xn--p1ai.test', 'a.xn--p1ai.test', true],
    ['localhost', 'localhost', true],
    ['example.com.', 'example.com', false],
    ['192.0.2.1', '192.0.2.1', false],
  ] as const) {
    const check = () => assertServerName(holderOf([dns(pattern)], createName([['CN', host]])), parseServerName(host));
    if (isFor) check();
    else assert.throws(check, { code: 'name_mismatch' }, `${pattern} ${host}`);
  }
  assertServerName(holderOf([ip(192, 0, 2, 1)]), parseServerName('192.0.2.1'));
  assert.throws(() => assertServerName(holderOf([ip(192, 0, 2, 1)]), parseServerName('::ffff:192.0.2.1')), {
    code: 'name_mismatch',
  });
  for (const wrong of ['', '*.example.com', 'bücher.example', 'a.', '1.2.3', 'https://example.com']) {
    assert.throws(() => parseServerName(wrong), TypeError, wrong);
  }
});
