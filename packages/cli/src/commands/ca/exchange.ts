/** `signpost ca request`, `import-certificate` and `import`: what goes to other authorities, and what comes from them. */
import { readFile, stat } from 'node:fs/promises';
import { encodePem, parsePem } from '@signpost/protocol/asn1/pem';
import { parseCertificate } from '@signpost/protocol/x509/certificate';
import {
  type CommandSpec,
  type Invocation,
  readArgument,
  readArguments,
  readSecretSource,
  secretOptions,
} from '../../command.ts';
import { writeFileAtomically } from '../../files/atomic-write.ts';
import { textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import {
  answerAuthority,
  askNewRootPassphrase,
  askPassphraseOf,
  authorityPath,
  rootPassphraseOptions,
} from './options.ts';

/** `signpost ca request`. */
export const caRequest: CommandSpec = {
  words: 'ca request',
  arguments: '<name>',
  summary: 'Write the request for a certificate that somebody else signs',
  options: [{ flags: '--out <file>', text: 'where to write it; NAME.csr when absent' }, ...rootPassphraseOptions],
  examples: ['signpost ca request issuing --out issuing.csr'],
  run: writeRequest,
};

/** `signpost ca import-certificate`. */
export const caImportCertificate: CommandSpec = {
  words: 'ca import-certificate',
  arguments: '<file>',
  summary: 'Take in a certificate that was signed elsewhere, or register an offline root',
  details: [
    'A certificate for the key of an authority here becomes its certificate, and one that waited becomes active. One for another key registers an authority whose key stays elsewhere, under --name.',
  ],
  options: [{ flags: '--name <name>', text: 'for an authority whose key is elsewhere' }],
  examples: [
    'signpost ca import-certificate --name offline-root root.pem',
    'signpost ca import-certificate issuing.pem',
  ],
  run: importCertificate,
};

/** `signpost ca import`. */
export const caImport: CommandSpec = {
  words: 'ca import',
  arguments: '<name> <file...>',
  summary: 'Take over an authority that was made elsewhere, with its key',
  details: [
    'The files are PEM (a key, in PKCS#8 with or without a password, and certificates) or one PKCS#12. A root is put under a new passphrase; an intermediate goes into the vault. Certificates above it that come along are registered.',
  ],
  options: [
    { flags: '--root', text: 'the authority is a root: ask for its new passphrase' },
    ...secretOptions('password', 'the password of the file'),
    ...secretOptions('passphrase', 'the new passphrase of a root'),
  ],
  examples: [
    'signpost ca import issuing ca.p12 --password-fd 3 3< password',
    'signpost ca import old-root --root root-key.pem root.pem',
  ],
  run: importAuthority,
};

async function writeRequest(invocation: Invocation): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const name = readArgument(invocation, 0);
  const authority = await client.read(authorityPath(name));
  const body = authority.request === null ? await askPassphraseOf(invocation, client, name) : {};
  const document = await client.request('POST', authorityPath(name, 'request'), { body });
  const out = invocation.options.text('out') ?? `${name}.csr`;
  await writeFileAtomically(out, textOf(document, 'request'), 0o644);
  return {
    document: { ...document, file: out },
    lines: [`The request of ${name} is in ${out}. Next, where the root is: signpost ca root sign ${out}`],
  };
}

async function importCertificate(invocation: Invocation): Promise<Answer> {
  const pem = readCertificates(await readUpload(readArgument(invocation, 0)));
  const client = await connectAuthenticated(invocation);
  const name = invocation.options.text('name');
  const body = { pem, ...(name !== undefined && { name }) };
  const document = await client.request('POST', '/api/authorities/import-certificate', { body });
  return answerAuthority(document, `The certificate is taken in for ${textOf(document, 'name')}.`, '');
}

async function importAuthority(invocation: Invocation): Promise<Answer> {
  const { options, prompt } = invocation;
  const client = await connectAuthenticated(invocation);
  const name = readArgument(invocation, 0);
  const files = await Promise.all(readArguments(invocation, 1).map(readUpload));
  const material = describeMaterial(files);
  const source = readSecretSource(options, 'password');
  const isNeeded = 'pkcs12_b64' in material || material.pem.includes('ENCRYPTED PRIVATE KEY');
  const password = isNeeded ? { password: await prompt.askSecret('Password of the file', source, 'password') } : {};
  const passphrase = options.flag('root') ? { passphrase: await askNewRootPassphrase(invocation, name) } : {};
  const body = { name, ...material, ...password, ...passphrase };
  const document = await client.request('POST', '/api/authorities/import', { body });
  return answerAuthority(document, `The authority ${name} is taken over.`, '');
}

const maxFileBytes = 512 * 1024;

async function readUpload(path: string): Promise<Buffer> {
  const facts = await stat(path).catch((cause) => {
    throw new Failure('refused', `${path} cannot be read`, { cause });
  });
  if (facts.size > maxFileBytes) throw new Failure('refused', `expected at most ${maxFileBytes} bytes in ${path}`);
  return readFile(path);
}

function describeMaterial(files: readonly Buffer[]): { readonly pem: string } | { readonly pkcs12_b64: string } {
  const [first] = files;
  if (files.length === 1 && first && !isPem(first)) return { pkcs12_b64: first.toString('base64') };
  return { pem: files.map((file) => file.toString('latin1')).join('\n') };
}

/** The certificates of a file in PEM or DER, in PEM. Nothing else of it is sent, and a file with a private key is refused. */
function readCertificates(file: Buffer): string {
  if (!isPem(file)) return encodePem('CERTIFICATE', parseCertificate(new Uint8Array(file)).bytes);
  const text = file.toString('latin1');
  if (text.includes('PRIVATE KEY-----')) {
    throw new Failure('refused', 'expected certificates only, got a private key with them; nothing was sent', {
      hint: 'give the certificate in a file of its own; `signpost ca import` takes an authority over with its key',
    });
  }
  const found = parsePem(text, maxFileBytes).filter(({ label }) => label === 'CERTIFICATE');
  if (found.length === 0) throw new Failure('refused', 'expected a certificate in PEM or DER');
  return found.map(({ bytes }) => encodePem('CERTIFICATE', bytes)).join('');
}

function isPem(file: Buffer): boolean {
  return file.includes('-----BEGIN ');
}
