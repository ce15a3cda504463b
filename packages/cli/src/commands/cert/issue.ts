/** `signpost cert request` and `signpost cert issue`: keys are made here, and stay here. */
import { readFile } from 'node:fs/promises';
import type { CommandSpec, Invocation, OptionSpec } from '../../command.ts';
import { type JsonObject, objectsOf, textOf } from '../../http/answer.ts';
import type { Client } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { removeKey, writeCertificate, writeNewKey, writeRequest } from './folder.ts';
import { createKeyPem, createRequestPem, readKeyPem } from './local-key.ts';
import { keyTypes, nameOptions, readNames, readSubjectOption } from './names.ts';

const keyOptions: readonly OptionSpec[] = [
  { flags: '--key-type <type>', text: 'of a new key', choices: keyTypes, fallback: 'ecdsa-p256' },
  { flags: '--key <file>', text: 'use this key (PKCS#8, PEM) instead of a new one' },
];

/** `signpost cert request`. */
export const certRequest: CommandSpec = {
  words: 'cert request',
  summary: 'Make a key and a certification request on this machine; no server is asked',
  options: [...nameOptions, ...keyOptions, { flags: '--out <folder>', text: 'where the files go', required: true }],
  examples: ['signpost cert request --dns www.example.com --out www'],
  run: async ({ options }) => {
    const folder = options.requiredText('out');
    const key = await openLocalKey(options.text('key'), options.requiredText('key-type'));
    const contents = { subject: readSubjectOption(options), names: readNames(options) };
    const request = await createRequestPem(key.pem, contents);
    const keyPath = key.path ?? (await writeNewKey(folder, key.pem));
    const path = await writeRequest(folder, request);
    return {
      document: { key: keyPath, request: path },
      lines: [
        `Key:      ${keyPath} (keep it here)`,
        `Request:  ${path}`,
        `Next:     signpost cert issue --request ${path} --out ${folder}`,
      ],
    };
  },
};

/** `signpost cert issue`. */
export const certIssue: CommandSpec = {
  words: 'cert issue',
  summary: 'Get a certificate; its key is made on this machine and never leaves it',
  details: [
    'With --out the folder holds key.pem, cert.pem, chain.pem and fullchain.pem afterwards; without it the certificate goes to the terminal, which needs --request. With --server-key the server makes the key and keeps it sealed in its vault, for an admin to download.',
    'Names that the organisation has not allowed are refused: an admin allows them by `signpost cert policy allow`.',
  ],
  options: [
    ...nameOptions,
    { flags: '--profile <name>', text: 'what it is for: signpost cert profile list', fallback: 'server' },
    { flags: '--authority <name>', text: 'who issues it; may be left out where there is one only' },
    { flags: '--lifetime <duration>', text: 'such as 90d or 12h; the profile says how long at most' },
    { flags: '--must-staple', text: 'servers must show a stapled OCSP answer' },
    { flags: '--request <file>', text: 'for the key of this request (PKCS#10, PEM)' },
    { flags: '--server-key', text: 'let the server make and keep the key' },
    ...keyOptions,
    { flags: '--out <folder>', text: 'where the files go' },
  ],
  examples: [
    'signpost cert issue --dns www.example.com --out www',
    'signpost cert issue --request www/request.pem --lifetime 30d --out www',
    'signpost cert issue --profile client --subject CN=Alice --server-key',
  ],
  run: issueCertificate,
};

async function issueCertificate(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const folder = options.text('out');
  const client = await connectAuthenticated(invocation);
  const { body, newKey } = await describeWish(invocation, client);
  let answer: JsonObject;
  try {
    answer = await client.request('POST', '/api/certificates', { body });
  } catch (error) {
    // Nobody knows this key yet, and the next attempt makes its own.
    if (newKey !== undefined && error instanceof Failure && error.reason === 'refused') await removeKey(newKey);
    throw error;
  }
  const facts = [
    `Certificate ${textOf(answer, 'id')} by ${textOf(answer, 'authority')}, valid until ${textOf(answer, 'not_after')}`,
  ];
  if (folder === undefined) return { document: answer, lines: [...facts, textOf(answer, 'certificate').trimEnd()] };
  const paths = await writeCertificate(folder, answer);
  return {
    document: { ...answer, files: [...(newKey === undefined ? [] : [newKey]), ...paths] },
    lines: [...facts, ...(newKey === undefined ? [] : [newKey]), ...paths],
  };
}

interface Wish {
  readonly body: JsonObject;
  /** The key file that was made for it. */
  readonly newKey: string | undefined;
}

async function describeWish({ options }: Invocation, client: Client): Promise<Wish> {
  const common = {
    authority: options.text('authority') ?? (await chooseAuthority(client)),
    profile: options.requiredText('profile'),
    ...(options.text('lifetime') === undefined ? {} : { lifetime: options.requiredText('lifetime') }),
    ...(options.flag('must-staple') ? { must_staple: true } : {}),
  };
  const contents = { subject: readSubjectOption(options), names: readNames(options) };
  const given = options.text('request');
  if (given !== undefined) {
    const own = Object.keys(contents.subject).length > 0 ? contents : {};
    const names = contents.names.length > 0 ? { names: contents.names } : {};
    return { body: { ...common, request: await readRequestFile(given), ...names, ...own }, newKey: undefined };
  }
  if (options.flag('server-key')) {
    return { body: { ...common, ...contents, key: options.requiredText('key-type') }, newKey: undefined };
  }
  const folder = options.text('out');
  if (folder === undefined) throw new Failure('usage', '--out is needed: the folder for key and certificate');
  const key = await openLocalKey(options.text('key'), options.requiredText('key-type'));
  const request = await createRequestPem(key.pem, contents);
  return {
    body: { ...common, request },
    newKey: key.path === undefined ? await writeNewKey(folder, key.pem) : undefined,
  };
}

/** A key on this machine; `path` once it stands in a file. */
interface LocalKey {
  readonly pem: string;
  readonly path: string | undefined;
}

/** The key of a file, or a new one that is in no file yet. */
export async function openLocalKey(file: string | undefined, type: string): Promise<LocalKey> {
  return file === undefined
    ? { pem: await createKeyPem(type), path: undefined }
    : { pem: await readKeyPem(file), path: file };
}

/** The text of a request file. */
export async function readRequestFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause) => {
    throw new Failure('refused', `${path} cannot be read`, { cause });
  });
}

/** The only authority that issues by itself. */
async function chooseAuthority(client: Client): Promise<string> {
  const authorities = objectsOf(await client.read('/api/authorities'), 'authorities');
  const issuing = authorities.filter(({ state, custody }) => state === 'active' && custody === 'server');
  const names = issuing.map((one) => textOf(one, 'name'));
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return only;
  throw new Failure('usage', '--authority is needed', {
    hint: only === undefined ? 'signpost ca create intermediate' : `one of ${names.join(', ')}`,
  });
}
