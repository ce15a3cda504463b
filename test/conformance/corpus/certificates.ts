/** The certificates of the corpus: every profile under every kind of issuer, and what lies at the edges. */
import { parseAddress } from '@signpost/protocol/x509/address';
import type { AttributeToWrite } from '@signpost/protocol/x509/name';
import type { IssuedName } from '../../../packages/server/src/pki/profiles/name-text.ts';
import { changeProfile, createParty, type Keys, keyTypes, now, type Party, type PartyWish } from './party.ts';

/** Roots, the intermediates below them, and users below those. */
export interface Tree {
  readonly roots: readonly Party[];
  readonly intermediates: readonly Party[];
  readonly users: readonly Party[];
}

/** All of them. */
export async function createTree(keys: { readonly issuers: Keys; readonly subjects: Keys }): Promise<Tree> {
  const roots = await Promise.all(Object.keys(keyTypes).map((type) => createRoot(type, keys.issuers)));
  const usual = await Promise.all(roots.map((root, index) => createIntermediate(root, keys.issuers, index)));
  const special = await createSpecialIntermediates(roots[0], keys);
  const intermediates = [...usual, ...special];
  const users = [
    ...(await createOfEachProfile(usual, keys.subjects)),
    ...(await createEdges(usual[0], keys.subjects)),
    ...(await createConstrained(special, keys.subjects)),
  ];
  return { roots, intermediates, users };
}

/** RFC 5280, 4.1.2.5: "99991231235959Z". */
const endOfTime = Date.UTC(9999, 11, 31, 23, 59, 59);

function createRoot(type: string, keys: Keys): Promise<Party> {
  const name = `root ${type}`;
  const validity = { notBefore: now - 400_000, notAfter: endOfTime };
  const algorithm = type === 'rsa-3072' ? { algorithm: { kind: 'rsa-pss', hash: 'SHA-256' } as const } : {};
  const subject: readonly AttributeToWrite[] = [
    ['C', 'AT'],
    ['O', 'Söhne & Töchter'],
    ['CN', name],
  ];
  return createParty({ name, profile: 'root', pkcs8: keyOf(keys, type), validity, subject, ...algorithm });
}

function createIntermediate(root: Party, keys: Keys, index: number): Promise<Party> {
  const type = Object.keys(keyTypes)[(index + 1) % Object.keys(keyTypes).length] ?? '';
  const name = `intermediate ${type} below ${root.name}`;
  const validity = { notBefore: now - 350_000, notAfter: endOfTime };
  return createParty({
    name,
    profile: 'intermediate',
    pkcs8: keyOf(keys, type),
    issuer: root,
    validity,
    pathLength: 0,
  });
}

function keyOf(keys: Keys, type: string): Uint8Array<ArrayBuffer> {
  const key = keys[type];
  if (!key) throw new Error(`expected a key of ${type}`);
  return key;
}

const namesOfProfile: Readonly<Record<string, readonly IssuedName[]>> = {
  server: [dns('host.example')],
  'server-short-lived': [dns('brief.example')],
  client: [email('somebody@mail.example')],
  email: [email('somebody@mail.example')],
  'code-signing': [{ kind: 'uri', text: 'https://example/builds' }],
  timestamping: [],
  'ocsp-responder': [],
};

/** Key types that a profile is not for. */
const unsuited: Readonly<Record<string, readonly string[]>> = {
  email: ['ed25519'],
  'code-signing': ['rsa-2048'],
  timestamping: ['ed25519'],
};

/** Each profile for each type of key, the issuers in turn. */
function createOfEachProfile(issuers: readonly Party[], keys: Keys): Promise<readonly Party[]> {
  const wishes = Object.entries(namesOfProfile).flatMap(([profile, names], row) =>
    Object.keys(keyTypes)
      .filter((type) => !unsuited[profile]?.includes(type))
      .map((type, column) => ({ profile, names, type, issuer: issuers[(row + column) % issuers.length] })),
  );
  return Promise.all(
    wishes.map(({ profile, names, type, issuer }) => {
      const subject = profile.startsWith('server') ? { subject: [] } : {};
      const below = issuer && { issuer };
      return createParty({
        name: `${profile} ${type}`,
        profile,
        names,
        pkcs8: keyOf(keys, type),
        ...below,
        ...subject,
      });
    }),
  );
}

type Edge = Partial<PartyWish>;

async function createEdges(issuer: Party | undefined, keys: Keys): Promise<readonly Party[]> {
  const server = { profile: 'server', names: [dns('edge.example')], subject: [], pkcs8: keyOf(keys, 'ecdsa-p256') };
  const all = { ...dateEdges(), ...nameEdges(), ...subjectEdges(), ...otherEdges() };
  const wishes = Object.entries(all).map(([name, edge]) => ({ ...server, ...(issuer && { issuer }), name, ...edge }));
  return Promise.all(wishes.map(createParty));
}

/** Where UTCTime ends, leap days, a second, all of time. */
function dateEdges(): Readonly<Record<string, Edge>> {
  const ends: Readonly<Record<string, number>> = {
    'the last second of UTCTime': Date.UTC(2049, 11, 31, 23, 59, 59),
    'the first second of GeneralizedTime': Date.UTC(2050, 0, 1),
    'a leap day': Date.UTC(2048, 1, 29, 12),
    'a leap day behind 2050': Date.UTC(2052, 1, 29, 12),
    'no leap day in 2100': Date.UTC(2100, 2, 1),
    'the end of 32 bits': 2 ** 31 * 1000 - 1000,
    'behind the end of 32 bits': 2 ** 31 * 1000,
    'behind the end of unsigned 32 bits': 2 ** 32 * 1000,
    'the end of time': endOfTime,
    'an hour': now + 3_600_000,
  };
  const edges = Object.entries(ends).map(([name, notAfter]): [string, Edge] => {
    return [`to ${name}`, { validity: { notBefore: now - 300_000, notAfter } }];
  });
  return Object.fromEntries(edges);
}

function nameEdges(): Readonly<Record<string, Edge>> {
  const label = 'a'.repeat(63);
  return {
    'a wildcard': { names: [dns('*.edge.example'), dns('edge.example')] },
    'a label of 63': { names: [dns(`${label}.example`)] },
    'a name of 253': { names: [dns(`${label}.${label}.${label}.${'b'.repeat(53)}.example`)] },
    'digits and hyphens': { names: [dns('1-2.3a.example'), dns('a--b.example')] },
    'a single label': { names: [dns('localhost')] },
    '100 names': { names: Array.from({ length: 100 }, (_, index) => dns(`host-${index}.many.example`)) },
    'punycode of München': { names: [dns('xn--mnchen-3ya.example')] },
    'punycode of Japanese': { names: [dns('xn--r8jz45g.example')] },
    'punycode of Arabic': { names: [dns('xn--wgbh1c.example')] },
    'punycode of ß': { names: [dns('xn--fa-hia.example')] },
    'an IPv4 address': { names: [ip('192.0.2.1')] },
    'an IPv6 address': { names: [ip('2001:db8::1')] },
    'both kinds of address and a name': { names: [ip('10.0.0.1'), ip('::1'), dns('edge.example')] },
    'the lowest and highest address': { names: [ip('0.0.0.0'), ip('255.255.255.255')] },
    'a client of many forms': {
      profile: 'client',
      subject: [['CN', 'many']],
      names: [
        email('a.b+c@edge.example'),
        { kind: 'uri', text: 'spiffe://edge.example/web' },
        dns('c.example'),
        ip('fe80::1'),
      ],
    },
    'a mailbox of odd characters': { profile: 'email', names: [email("!#$%&'*+-/=?^_`{|}~@edge.example")] },
    'ten mailboxes': {
      profile: 'email',
      names: Array.from({ length: 10 }, (_, index) => email(`m${index}@edge.example`)),
    },
    'a URI with everything': {
      profile: 'client',
      subject: [['CN', 'uri']],
      names: [{ kind: 'uri', text: 'https://user@edge.example:8443/a/b;c?d=e&f=%20#g' }],
    },
    'a URN': {
      profile: 'client',
      subject: [['CN', 'urn']],
      names: [{ kind: 'uri', text: 'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6' }],
    },
    'no names at all': { profile: 'code-signing', subject: [['CN', 'nobody']], names: [] },
    'must staple': { mustStaple: true },
  };
}

/** Subjects up to their upper bounds (RFC 5280, appendix A), and in many scripts. */
function subjectEdges(): Readonly<Record<string, Edge>> {
  const subjects: Readonly<Record<string, readonly AttributeToWrite[]>> = {
    'everything at its upper bound': [
      ['C', 'AT'],
      ['ST', 's'.repeat(128)],
      ['L', 'l'.repeat(128)],
      ['O', 'o'.repeat(64)],
      ['OU', 'u'.repeat(64)],
      ['CN', 'c'.repeat(64)],
    ],
    'one character each': [
      ['O', 'o'],
      ['OU', 'u'],
      ['CN', 'c'],
    ],
    'several units': [
      ['OU', 'one'],
      ['OU', 'two'],
      ['OU', 'three'],
      ['CN', 'units'],
    ],
    'Greek and Cyrillic': [
      ['O', 'Ελληνικά'],
      ['CN', 'Кириллица'],
    ],
    'Chinese, Japanese and Korean': [
      ['O', '中文'],
      ['OU', '日本語'],
      ['CN', '한국어'],
    ],
    'Arabic and Hebrew': [
      ['O', 'العربية'],
      ['CN', 'עברית'],
    ],
    'characters beyond the basic plane': [
      ['O', '𝔊𝔬𝔱𝔥𝔦𝔠 🦉'],
      ['CN', '𠀀'],
    ],
    'combining marks': [
      ['O', 'e\u0301e\u0300'],
      ['CN', 'Å and A\u030a'],
    ],
    'what RFC 4514 escapes': [
      ['O', 'a, b; c + d = "e" <f> \\g #h'],
      ['CN', '#,+'],
    ],
    'markup and quotes': [
      ['O', '<script>alert(1)</script>'],
      ['CN', "'; drop table certificate; --"],
    ],
    'serial number and user': [
      ['CN', 'x'],
      ['serialNumber', "0123-ABC ()+,./:=?'"],
      ['UID', 'someone'],
    ],
  };
  const edges = Object.entries(subjects).map(([name, subject]): [string, Edge] => {
    return [`subject: ${name}`, { profile: 'client', names: [], subject }];
  });
  return Object.fromEntries(edges);
}

/** Serial numbers and policies. */
function otherEdges(): Readonly<Record<string, Edge>> {
  const policies = Array.from({ length: 10 }, (_, index) => ({
    policy: `1.3.6.1.4.1.99999.${index}`,
    ...(index % 2 === 0 && { practice_statement: `https://example/cps/${index}` }),
  }));
  return {
    'serial number one': { serial: Uint8Array.of(1) },
    'a serial number of 127': { serial: Uint8Array.of(0x7f) },
    'a serial number of 128': { serial: Uint8Array.of(0x80) },
    'the largest serial number': { serial: new Uint8Array(20).fill(0xff, 1).fill(0x7f, 0, 1) },
    'ten policies': { profile: changeProfile('server', { policies }) },
    // Four octets: python3-cryptography 38 reads no more of one arc.
    'a policy of a large arc': {
      profile: changeProfile('server', { policies: [{ policy: '1.3.6.1.4.1.268435455' }] }),
    },
    'three purposes': {
      profile: changeProfile('server', {
        extended_key_usage: { purposes: ['serverAuth', 'clientAuth', '1.3.6.1.4.1.99999.77'], critical: false },
      }),
    },
    'critical purposes': {
      profile: changeProfile('server', { extended_key_usage: { purposes: ['serverAuth'], critical: true } }),
    },
    'nothing to point at': { profile: changeProfile('server', { locations: [] }) },
  };
}

/** Authorities that bind those below, each with users that keep to it. */
async function createSpecialIntermediates(
  root: Party | undefined,
  { issuers }: { readonly issuers: Keys },
): Promise<readonly Party[]> {
  const usual = {
    profile: 'intermediate',
    ...(root && { issuer: root }),
    pkcs8: keyOf(issuers, 'ecdsa-p256'),
    pathLength: 0,
  };
  const constraints: Readonly<Record<string, { permitted: readonly string[]; excluded: readonly string[] }>> = {
    'permitted hosts': { permitted: ['dns:inside.example'], excluded: ['dns:secret.inside.example'] },
    'permitted addresses': { permitted: ['ip:10.0.0.0/8', 'ip:fd00::/8'], excluded: ['ip:10.9.0.0/16'] },
    'permitted mail': { permitted: ['email:inside.example'], excluded: [] },
    'nothing but hosts': { permitted: ['dns:inside.example'], excluded: ['ip:0.0.0.0/0', 'ip:::/0'] },
  };
  return Promise.all(
    Object.entries(constraints).map(([name, nameConstraints]) => createParty({ ...usual, name, nameConstraints })),
  );
}

async function createConstrained(issuers: readonly Party[], keys: Keys): Promise<readonly Party[]> {
  const names: readonly (readonly IssuedName[])[] = [
    [dns('inside.example'), dns('a.b.inside.example')],
    [ip('10.1.2.3'), ip('fd12::1')],
    [email('x@inside.example')],
    [dns('deep.inside.example')],
  ];
  const wishes = issuers.flatMap((issuer, index) =>
    ['ecdsa-p256', 'ed25519', 'rsa-2048', 'ecdsa-p384'].map((type) => ({ issuer, type, names: names[index] ?? [] })),
  );
  return Promise.all(
    wishes.map(({ issuer, type, names: given }) => {
      const isMail = given.some(({ kind }) => kind === 'email');
      const name = `below ${issuer.name}, ${type}`;
      const wish = {
        name,
        issuer,
        names: given,
        pkcs8: keyOf(keys, type),
        subject: isMail ? [['CN', 'x'] as const] : [],
      };
      return createParty({ ...wish, profile: isMail ? 'client' : 'server' });
    }),
  );
}

function dns(text: string): IssuedName {
  return { kind: 'dns', text };
}

function email(text: string): IssuedName {
  return { kind: 'email', text };
}

function ip(text: string): IssuedName {
  return { kind: 'ip', address: parseAddress(text) ?? new Uint8Array() };
}
