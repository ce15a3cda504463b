/** `signpost ca root …`: a certificate authority on a machine without a server. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { encodePem, parsePemBlock } from '@signpost/protocol/asn1/pem';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { describeKeyType, type KeyType } from '@signpost/protocol/keys/key-type';
import type { HashName } from '@signpost/protocol/keys/signature-algorithm';
import type { NameConstraints } from '@signpost/protocol/x509/constraint-extensions';
import type { GeneralName } from '@signpost/protocol/x509/general-name';
import { formatName } from '@signpost/protocol/x509/name';
import { type RevocationReason, revocationReasons } from '@signpost/protocol/x509/revocation-list';
import { parseSubtree } from '@signpost/protocol/x509/subtree';
import {
  type AuthorityFolder,
  createAuthorityFolder,
  openAuthorityFolder,
  recordIssued,
  recordList,
} from '../../ca-root/folder.ts';
import { createAuthorityKeyFile, unlockAuthorityKeyFile } from '../../ca-root/key-file.ts';
import {
  planSubordinate,
  type Revocation,
  type SubordinatePlan,
  signNextList,
  signRoot,
  signSubordinate,
} from '../../ca-root/sign.ts';
import { assertNotListed } from '../../ca-root/weak-keys.ts';
import {
  type CommandSpec,
  type Invocation,
  type OptionSpec,
  type Options,
  readArgument,
  readSecretSource,
  secretOptions,
} from '../../command.ts';
import { writeFileAtomically } from '../../files/atomic-write.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import {
  askNewRootPassphrase,
  constraintOptions,
  keyTypeOption,
  keyTypes,
  readSubject,
  subjectOptions,
} from './options.ts';

const dirOption: OptionSpec = { flags: '--dir <path>', text: "the root's folder", fallback: 'signpost-ca-root' };
const passphraseOptions = secretOptions('passphrase', 'the passphrase of the root');
const maxRequestCharacters = 128 * 1024;
const reasons = Object.keys(revocationReasons).filter(
  (reason) => !['certificateHold', 'removeFromCRL'].includes(reason),
);

/** `signpost ca root init`. */
export const caRootInit: CommandSpec = {
  words: 'ca root init',
  summary: 'Make an offline root: a key under a passphrase, and its certificate',
  details: [
    'Run it on a machine that you trust, at best one without a network. Only root.pem leaves the folder: `signpost ca import-certificate --name NAME root.pem` makes it known to the server.',
  ],
  options: [
    dirOption,
    ...subjectOptions,
    { ...keyTypeOption, fallback: 'ecdsa-p384' },
    { flags: '--days <days>', text: 'how long it holds', fallback: '7300' },
    { flags: '--path-length <n>', text: 'how many authorities may follow below', fallback: '1' },
    ...passphraseOptions,
  ],
  examples: ['signpost ca root init --dir /media/stick/ca --cn "Example Root CA" --o Example'],
  run: initialise,
};

/** `signpost ca root sign`. */
export const caRootSign: CommandSpec = {
  words: 'ca root sign',
  arguments: '<request>',
  summary: 'Show in words what a request asks for, and sign an intermediate',
  details: [
    'Nothing is copied from the request but its name and key; its path length is the wish that is shown. Compare the key id with `signpost ca show` on the server: it proves that nobody changed the request on the way.',
  ],
  options: [
    dirOption,
    { flags: '--out <file>', text: 'where to write the certificate', fallback: 'issued.pem' },
    {
      flags: '--profile <file>',
      text: 'a profile of intermediates, as `signpost cert profile show` writes it; what it does not allow is not signed',
    },
    { flags: '--days <days>', text: 'how long it holds, at most as long as the root; 3650, or as the profile says' },
    { flags: '--path-length <n>', text: 'instead of what is asked for' },
    ...constraintOptions,
    {
      flags: '--crl-url <url>',
      text: "where this root's revocation list will be: http://pki.example.org/pki/NAME/crl",
    },
    { flags: '--issuer-url <url>', text: "where this root's certificate is: http://pki.example.org/pki/NAME/ca.crt" },
    {
      flags: '--weak-keys <path>',
      text: 'a list of keys that others have, or a folder of lists, as the server reads by SIGNPOST_WEAK_KEYS',
      repeatable: true,
    },
    ...passphraseOptions,
  ],
  examples: ['signpost ca root sign issuing.csr --dir /media/stick/ca --out issuing.pem'],
  run: sign,
};

/** `signpost ca root crl`. */
export const caRootCrl: CommandSpec = {
  words: 'ca root crl',
  summary: 'Sign the next revocation list of an offline root; --revoke adds certificates',
  options: [
    dirOption,
    { flags: '--revoke <serial>', text: 'a serial number that this root gave', repeatable: true },
    { flags: '--reason <reason>', text: 'why, for all of them', choices: reasons, fallback: 'unspecified' },
    { flags: '--days <days>', text: 'until when the next list comes', fallback: '180' },
    { flags: '--out <file>', text: 'where to write it, DER', fallback: 'root.crl' },
    ...passphraseOptions,
  ],
  examples: ['signpost ca root crl --dir /media/stick/ca --revoke 4f0c… --reason superseded'],
  run: signList,
};

/** `signpost ca root show`. */
export const caRootShow: CommandSpec = {
  words: 'ca root show',
  summary: 'Show an offline root: its certificate, what it signed, its last list',
  options: [dirOption],
  examples: ['signpost ca root show --dir /media/stick/ca'],
  run: async (invocation) => describeFolder(await openFolder(invocation)),
};

async function initialise(invocation: Invocation): Promise<Answer> {
  const { options, now } = invocation;
  const dir = options.requiredText('dir');
  const passphrase = await askNewRootPassphrase(invocation, dir);
  const type = keyTypeOf(options.requiredText('key-type'));
  const { file, signer } = await createAuthorityKeyFile({ type, now: now() }, passphrase);
  const plan = {
    subject: Object.entries(readSubject(invocation)),
    days: options.integer('days', 1) ?? 7300,
    ...{ pathLength: options.integer('path-length', 0), now: now() },
  };
  const root = await signRoot(plan, signer);
  await createAuthorityFolder(dir, file, root.bytes);
  return {
    document: { dir, key_id: file.keyId, subject: formatName(root.subject), not_after: toText(root.notAfter) },
    lines: [
      `Root ${formatName(root.subject)}, key ${file.keyId}`,
      '',
      `Take ${dir}/root.pem to the server: signpost ca import-certificate --name NAME root.pem`,
      `Copy the whole folder ${dir} to two media kept in different places; key.json cannot be made again.`,
      'Keep the passphrase apart from them. Nobody can reset it.',
    ],
  };
}

async function sign(invocation: Invocation): Promise<Answer> {
  const { options, output, prompt, now } = invocation;
  const folder = await openFolder(invocation);
  const path = readArgument(invocation, 0);
  const plan = await planSubordinate(folder, await readRequest(path), {
    ...{ days: options.integer('days', 1), profile: await readProfile(options.text('profile')) },
    ...{ pathLength: options.integer('path-length', 0), now: now() },
    ...{ crl: options.text('crl-url'), issuerUrl: options.text('issuer-url') },
    nameConstraints: readConstraints(options),
  });
  await assertNotListed(options.texts('weak-keys'), plan.key);
  output.show(describePlan(folder, plan));
  await prompt.confirm('Sign this authority?');
  const certificate = await signSubordinate(folder, plan, await unlock(invocation, folder, plan.byProfile?.hash));
  await recordIssued(folder.dir, certificate);
  const out = options.requiredText('out');
  await writeFileAtomically(out, encodePem('CERTIFICATE', certificate.bytes), 0o644);
  const serial = encodeHex(certificate.serialNumber);
  return {
    document: { file: out, serial, subject: formatName(certificate.subject), not_after: toText(certificate.notAfter) },
    lines: [`Signed into ${out}, serial ${serial}. On the server: signpost ca import-certificate ${out}`],
  };
}

/** The profile is called as its file is. */
async function readProfile(path: string | undefined) {
  if (path === undefined) return undefined;
  try {
    return { name: basename(path, '.json'), document: JSON.parse(await readFile(path, 'utf8')) as unknown };
  } catch (cause) {
    throw new Failure('refused', `${path} holds no JSON`, { cause });
  }
}

function readConstraints(options: Options): NameConstraints | undefined {
  const [permitted = [], excluded = []] = ['permit', 'exclude'].map((name) => options.texts(name).map(toConstraint));
  return permitted.length + excluded.length === 0 ? undefined : { permitted, excluded };
}

function toConstraint(text: string): GeneralName {
  const subtree = parseSubtree(text);
  if (subtree) return subtree;
  throw new Failure('usage', `expected a name such as dns:example.com or ip:10.0.0.0/8, got "${text}"`);
}

async function signList(invocation: Invocation): Promise<Answer> {
  const { options, output, prompt, now } = invocation;
  const folder = await openFolder(invocation);
  const reason = options.requiredText('reason') as RevocationReason;
  const revocations = options.texts('revoke').map((serial): Revocation => ({ serial: serial.toLowerCase(), reason }));
  const days = options.integer('days', 1) ?? 180;
  output.show([
    `The next revocation list of ${formatName(folder.root.subject)}`,
    ...revocations.map(({ serial }) => `  revokes ${serial}, ${describeIssued(folder, serial)}: ${reason}`),
    `  holds ${days} days`,
  ]);
  await prompt.confirm('Sign this list?');
  const list = await signNextList(folder, { revocations, days, now: now() }, await unlock(invocation, folder));
  await recordList(folder.dir, list);
  const out = options.requiredText('out');
  await writeFileAtomically(out, list.bytes, 0o644);
  const document = { file: out, number: Number(list.number), entries: list.entries.length };
  return { document, lines: [`List ${list.number} with ${list.entries.length} certificates is in ${out}.`] };
}

async function openFolder({ options }: Invocation): Promise<AuthorityFolder> {
  return openAuthorityFolder(options.requiredText('dir'));
}

async function unlock({ options, prompt }: Invocation, { key }: AuthorityFolder, hash?: HashName) {
  const source = readSecretSource(options, 'passphrase');
  return unlockAuthorityKeyFile(key, await prompt.askSecret('Passphrase of the root', source, 'passphrase'), hash);
}

async function readRequest(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const text = await readFile(path, 'latin1').catch((cause) => {
    throw new Failure('refused', `${path} cannot be read`, { cause });
  });
  return parsePemBlock(text, 'CERTIFICATE REQUEST', maxRequestCharacters);
}

function describePlan({ root }: AuthorityFolder, plan: SubordinatePlan): string[] {
  const { request, key, pathLength } = plan;
  const below = pathLength === 0 ? 'no authority' : `authorities, ${pathLength} deep`;
  const asked = request.extensions.basicConstraints?.value.pathLength;
  return [
    `An authority below ${formatName(root.subject)}`,
    `  name         ${formatName(request.subject)}`,
    `  key          ${describeKeyType(key)}, id ${digestOf(request.spki)}`,
    `  may sign     certificates and revocation lists; below it ${below}${asked === pathLength ? '' : ' (asked otherwise)'}`,
    `  valid        ${toText(plan.notBefore)} to ${toText(plan.notAfter)}`,
    ...(plan.byProfile ? [`  profile      ${plan.byProfile.name}`] : []),
    ...describeConstraints(plan.nameConstraints),
    ...(plan.crl === undefined ? [] : [`  lists at     ${plan.crl}`]),
    ...(plan.issuerUrl === undefined ? [] : [`  root at      ${plan.issuerUrl}`]),
    '',
  ];
}

function describeConstraints(constraints: NameConstraints | undefined): readonly string[] {
  if (!constraints) return [];
  const list = (names: readonly GeneralName[]) => names.map(formatSubtree).join(', ');
  const { permitted, excluded } = constraints;
  return [
    ...(permitted.length > 0 ? [`  only below   ${list(permitted)}`] : []),
    ...(excluded.length > 0 ? [`  not below    ${list(excluded)}`] : []),
  ];
}

function formatSubtree(name: GeneralName): string {
  if (name.kind === 'ip') return `ip ${encodeHex(name.address)} (address and mask)`;
  return 'text' in name ? `${name.kind}:${name.text}` : name.kind;
}

function describeFolder(folder: AuthorityFolder): Answer {
  const { root, key, issued, list } = folder;
  const revoked = new Set(list?.entries.map(({ serialNumber }) => encodeHex(serialNumber)));
  const certificates = issued.map(({ serialNumber, subject, notAfter }) => {
    const serial = encodeHex(serialNumber);
    return { serial, subject: formatName(subject), not_after: toText(notAfter), revoked: revoked.has(serial) };
  });
  const number = list ? Number(list.number) : null;
  return {
    document: {
      subject: formatName(root.subject),
      key_id: key.keyId,
      not_after: toText(root.notAfter),
      list: number,
      certificates,
    },
    lines: [
      `${formatName(root.subject)}, until ${toText(root.notAfter)}, key ${key.keyId}`,
      list ? `list ${list.number} until ${toText(list.nextUpdate)}` : 'no revocation list yet',
      ...certificates.map(
        (one) => `${one.serial}  ${one.subject}  until ${one.not_after}${one.revoked ? '  revoked' : ''}`,
      ),
    ],
  };
}

function describeIssued({ issued }: AuthorityFolder, serial: string): string {
  const found = issued.find(({ serialNumber }) => encodeHex(serialNumber) === serial);
  return found ? formatName(found.subject) : 'unknown here';
}

function keyTypeOf(name: string): KeyType {
  if (!keyTypes.some((known) => known === name)) throw new Failure('usage', `expected a key type, got "${name}"`);
  if (name === 'ed25519') return { kind: 'ed25519' };
  if (name.startsWith('rsa-')) return { kind: 'rsa', modulusBits: Number(name.slice(4)) };
  return { kind: 'ecdsa', curve: `P-${name.slice(-3)}` as 'P-256' };
}

function digestOf(spki: Uint8Array): string {
  return createHash('sha256').update(spki).digest('hex');
}

function toText(time: number): string {
  return new Date(time).toISOString();
}
