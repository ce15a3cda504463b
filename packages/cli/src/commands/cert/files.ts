/** `signpost cert download`, `cert key` and `cert p12`: certificates and their keys as files. */
import { type CommandSpec, type Invocation, readArgument, readSecretSource, secretOptions } from '../../command.ts';
import { createFileAtomically, errorCodeOf } from '../../files/atomic-write.ts';
import { textOf } from '../../http/answer.ts';
import { readBounded } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { resolveCertificate } from './list.ts';

const outOption = { flags: '--out <file>', text: 'where to write; never over a file that is there' };
const peopleOnly =
  'For admins who are logged in (`signpost login`, not with --days): API keys get no private keys. You type your password again, and the audit log says that you did.';

/** `signpost cert download`. */
export const certDownload: CommandSpec = {
  words: 'cert download',
  arguments: '<certificate>',
  summary: 'Write a certificate to a file',
  options: [
    {
      flags: '--format <name>',
      text: 'alone (pem, der), what stands above it (chain), both for servers (fullchain), or all with the root (p7b)',
      choices: ['pem', 'der', 'chain', 'fullchain', 'p7b'],
      fallback: 'pem',
    },
    outOption,
  ],
  examples: ['signpost cert download www.example.com --format fullchain --out host.pem'],
  run: async (invocation) => {
    const format = invocation.options.requiredText('format');
    return download(invocation, { method: 'GET', action: `download?format=${format}`, mode: 0o644 });
  },
};

/** `signpost cert key`. */
export const certKey: CommandSpec = {
  words: 'cert key',
  arguments: '<certificate>',
  summary: 'Write the private key that the server made for a certificate, encrypted under a passphrase',
  details: [peopleOnly],
  options: [
    ...secretOptions('password', 'your own password'),
    ...secretOptions('passphrase', 'the passphrase for the file'),
    { flags: '--plain', text: 'without a passphrase, for servers that cannot ask for one' },
    outOption,
  ],
  examples: ['signpost cert key 0193… --out host.key', 'signpost cert key 0193… --plain --out host.key'],
  run: downloadKey,
};

/** `signpost cert p12`. */
export const certP12: CommandSpec = {
  words: 'cert p12',
  arguments: '<certificate>',
  summary: 'Write key, certificate and chain as PKCS#12, or show its password once',
  details: [
    'The server makes the password. Give --reveal to see it, once; the next file has another.',
    `${peopleOnly} The file alone may be fetched by managers too.`,
  ],
  options: [
    { flags: '--reveal', text: 'show the password of the files made so far, and write none' },
    ...secretOptions('password', 'your own password'),
    outOption,
  ],
  examples: ['signpost cert p12 0193… --out host.p12', 'signpost cert p12 0193… --reveal'],
  run: (invocation) =>
    invocation.options.flag('reveal')
      ? showPassword(invocation)
      : download(invocation, { method: 'POST', action: 'p12', mode: 0o600 }),
};

async function downloadKey(invocation: Invocation): Promise<Answer> {
  const { options, prompt } = invocation;
  const password = await askOwnPassword(invocation);
  const passphrase = options.flag('plain')
    ? undefined
    : await prompt.askNewSecret('Passphrase for the key', readSecretSource(options, 'passphrase'), {
        option: 'passphrase',
        minLength: 12,
      });
  const body = { password, ...(passphrase !== undefined && { passphrase }) };
  return download(invocation, { method: 'POST', action: 'private-key', mode: 0o600, body });
}

function askOwnPassword({ prompt, options }: Invocation): Promise<string> {
  return prompt.askSecret('Your password', readSecretSource(options, 'password'), 'password');
}

interface Download {
  readonly method: 'GET' | 'POST';
  readonly action: string;
  readonly mode: number;
  readonly body?: Readonly<Record<string, string>>;
}

async function download(invocation: Invocation, { method, action, mode, body }: Download): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const id = await resolveCertificate(client, readArgument(invocation, 0));
  const headers = { Accept: '*/*' };
  const path = `/api/certificates/${id}/${action}`;
  const response = await client.send(method, path, { headers, ...(body && { body }) });
  const bytes = await readBounded(response);
  const file = invocation.options.text('out') ?? nameOf(response, id);
  await createFileAtomically(file, bytes, mode).catch((cause) => {
    const isThere = errorCodeOf(cause) === 'EEXIST';
    throw new Failure('refused', isThere ? `${file} is there already` : `${file} cannot be written`, {
      ...(isThere && { hint: 'give another name by --out' }),
      cause,
    });
  });
  return { document: { file, bytes: bytes.length }, lines: [`Written to ${file}.`] };
}

async function showPassword(invocation: Invocation): Promise<Answer> {
  const password = await askOwnPassword(invocation);
  const client = await connectAuthenticated(invocation);
  const id = await resolveCertificate(client, readArgument(invocation, 0));
  const document = await client.request('POST', `/api/certificates/${id}/p12-password`, { body: { password } });
  const shown = textOf(document, 'p12_password');
  return { document, lines: [`The password, which is not shown again: ${shown}`] };
}

/** The name that the server proposes, if it is one and not a path. */
function nameOf(response: Response, id: string): string {
  const [, name = ''] = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '') ?? [];
  return /^[A-Za-z0-9_@-][A-Za-z0-9._@=,+-]{0,120}$/.test(name) ? name : `certificate-${id}`;
}
