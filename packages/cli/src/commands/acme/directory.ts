/** `signpost acme directory …`: what ACME clients enrol with. */
import { type CommandSpec, type Invocation, type OptionSpec, type Options, readArgument } from '../../command.ts';
import { type JsonObject, objectsOf, textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerPairs, answerTable } from '../answers.ts';

const path = '/api/acme/directories';
const fields = [
  ...['name', 'authority', 'state', 'names', 'challenges', 'binding_required', 'terms_url', 'addresses'],
  ...['http_port', 'tls_port', 'limits.accounts', 'limits.orders', 'limits.failures', 'created_at'],
];

const ruleOptions: readonly OptionSpec[] = [
  {
    flags: '--profile <name=profile>',
    text: 'what clients may choose: their name for it, and the certificate profile; the first is the default',
    repeatable: true,
  },
  {
    flags: '--name <pattern>',
    text: 'what may be asked for: www.example.com, .example.com for all below, 10.0.0.0/8; all that the name policy allows when left out',
    repeatable: true,
  },
  {
    flags: '--challenge <type>',
    text: 'how control is proven: http-01, dns-01, tls-alpn-01; all when left out',
    repeatable: true,
  },
  { flags: '--eab <rule>', text: 'whether an account needs a key from you', choices: ['required', 'optional'] },
  { flags: '--terms <url>', text: 'terms of service that clients agree to' },
  {
    flags: '--addresses <range>',
    text: 'where validation connects to; private adds private networks, any this machine too',
    choices: ['public', 'private', 'any'],
  },
  { flags: '--http-port <port>', text: 'where http-01 looks, if not at 80' },
  { flags: '--tls-port <port>', text: 'where tls-alpn-01 looks, if not at 443' },
];

/** `signpost acme directory create`. */
export const acmeDirectoryCreate: CommandSpec = {
  words: 'acme directory create',
  arguments: '<directory>',
  summary: 'Let ACME clients enrol with an authority',
  options: [{ flags: '--authority <name>', text: 'the authority that issues', required: true }, ...ruleOptions],
  examples: [
    'signpost acme directory create web --authority issuing --name .example.internal',
    'signpost acme directory create prod --authority issuing --profile server=server --eab required',
  ],
  run: async (invocation) => {
    const { options } = invocation;
    const body = {
      name: readArgument(invocation, 0),
      authority: options.requiredText('authority'),
      ...readRules(options),
    };
    return describe(await (await connectAuthenticated(invocation)).request('POST', path, { body }), invocation);
  },
};

/** `signpost acme directory list`. */
export const acmeDirectoryList: CommandSpec = {
  words: 'acme directory list',
  summary: 'List the ACME directories',
  examples: ['signpost acme directory list'],
  run: async (invocation) => {
    const answer = await (await connectAuthenticated(invocation)).read(path);
    return answerTable(answer, 'directories', ['name', 'authority', 'state', 'binding_required', 'created_at']);
  },
};

/** `signpost acme directory show`. */
export const acmeDirectoryShow: CommandSpec = {
  words: 'acme directory show',
  arguments: '<directory>',
  summary: 'Show the rules of an ACME directory',
  examples: ['signpost acme directory show web'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    return describe(await client.read(directoryPath(readArgument(invocation, 0))), invocation);
  },
};

/** `signpost acme directory change`. */
export const acmeDirectoryChange: CommandSpec = {
  words: 'acme directory change',
  arguments: '<directory>',
  summary: 'Change rules of an ACME directory, or close it',
  options: [
    { flags: '--authority <name>', text: 'the authority that issues from now on' },
    ...ruleOptions,
    { flags: '--state <state>', text: 'a closed one answers nobody', choices: ['open', 'closed'] },
  ],
  examples: [
    'signpost acme directory change web --authority issuing-2',
    'signpost acme directory change web --state closed',
  ],
  run: async (invocation) => {
    const { options } = invocation;
    const [authority, state] = [options.text('authority'), options.text('state')];
    const body = { ...(authority && { authority }), ...(state && { state }), ...readRules(options) };
    const client = await connectAuthenticated(invocation);
    const changed = await client.request('PATCH', directoryPath(readArgument(invocation, 0)), { body });
    return describe(changed, invocation);
  },
};

/** The path of a directory in the API. */
export function directoryPath(name: string): string {
  return `${path}/${encodeURIComponent(name)}`;
}

function readRules(options: Options): JsonObject {
  const profiles = options.texts('profile').map(readProfile);
  const [names, challenges] = [options.texts('name'), options.texts('challenge')];
  const [eab, terms, addresses] = [options.text('eab'), options.text('terms'), options.text('addresses')];
  const [httpPort, tlsPort] = [options.integer('http-port', 1), options.integer('tls-port', 1)];
  return {
    ...(profiles.length > 0 && { profiles }),
    ...(names.length > 0 && { names }),
    ...(challenges.length > 0 && { challenges }),
    ...(eab && { binding_required: eab === 'required' }),
    ...(terms && { terms_url: terms }),
    ...(addresses && { addresses }),
    ...(httpPort !== undefined && { http_port: httpPort }),
    ...(tlsPort !== undefined && { tls_port: tlsPort }),
  };
}

function readProfile(text: string): JsonObject {
  const [name = '', profile, ...more] = text.split('=');
  if (name === '' || profile === undefined || profile === '' || more.length > 0) {
    throw new Failure('usage', `expected --profile to be such as web=server, got "${text}"`);
  }
  return { name, profile, description: `certificates of profile ${profile}` };
}

function describe(document: JsonObject, { environment }: Invocation): Answer {
  const profiles = objectsOf(document, 'profiles').map((one) => `${textOf(one, 'name')}=${textOf(one, 'profile')}`);
  const server = environment.server ?? 'https://…';
  const answer = answerPairs(document, fields);
  const url = `${server.replace(/\/+$/, '')}/acme/${textOf(document, 'name')}/directory`;
  return { ...answer, lines: [...(answer.lines ?? []), `profiles: ${profiles.join(' ')}`, `Clients enrol at ${url}`] };
}
