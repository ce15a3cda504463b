/** `signpost init`, `serve`, `migrate`: the server on this machine. They load the server package; no other command does. */
import { type CommandSpec, type Invocation, readSecretSource, secretOptions } from '../../command.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { asFailure, dataOption, environmentOf } from './server-package.ts';

/** `signpost init`. */
export const init: CommandSpec = {
  words: 'init',
  summary: 'Make a data folder: database, vault, organisation, first admin',
  details: [
    'The master password encrypts every secret on the server; whoever starts the server must give it (`signpost unlock`, or SIGNPOST_VAULT_PASSWORD_FILE). Nobody can reset it without losing what it protects.',
    'Without --email it prints a link instead of making the first admin: whoever opens it in a browser within a day becomes the first admin, once. The master password is chosen there, too, unless it is given here. Set SIGNPOST_BASE_URL first: the link begins with it. --new-link prints another one, and the one before holds no more; the server must not run meanwhile.',
  ],
  options: [
    dataOption,
    { flags: '--organisation <name>', text: 'the name of the organisation', fallback: 'Default' },
    { flags: '--email <address>', text: 'the first admin; without it a link is printed' },
    { flags: '--link', text: 'print the link for the first admin (as without --email)' },
    { flags: '--new-link', text: 'only print another link for a server that waits for its first admin' },
    { flags: '--name <name>', text: 'the name of the first admin', fallback: 'Admin' },
    ...secretOptions('master-password', 'the master password'),
    ...secretOptions('password', "the admin's password"),
  ],
  examples: [
    'signpost init --data /var/lib/signpost --email alice@example.org',
    'signpost init --data /var/lib/signpost',
    'signpost init --data /var/lib/signpost --new-link',
  ],
  run: initialiseServer,
};

/** `signpost serve`. */
export const serve: CommandSpec = {
  words: 'serve',
  summary: 'Run the server until it is told to stop; settings come from SIGNPOST_… variables',
  details: [
    'It creates and migrates nothing: `signpost init` and `signpost migrate` do. SIGINT and SIGTERM end it after running requests.',
  ],
  options: [
    dataOption,
    { flags: '--listen <address>', text: 'host:port (SIGNPOST_LISTEN, then 127.0.0.1:8787); port 0 takes a free one' },
  ],
  examples: ['signpost serve --data /var/lib/signpost', 'signpost serve --listen 127.0.0.1:0 --json'],
  run: runServer,
};

/** `signpost migrate`. */
export const migrate: CommandSpec = {
  words: 'migrate',
  summary: "Bring the database to this version's schema; the server must not run",
  options: [dataOption],
  examples: ['signpost migrate --data /var/lib/signpost'],
  run: migrateServer,
};

async function initialiseServer(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const email = options.text('email');
  const wantsLink = options.flag('link') || options.flag('new-link');
  if (wantsLink && email !== undefined) throw new Failure('usage', 'expected either --email or a link');
  if (email !== undefined) return initialiseWithAdmin(invocation, email);
  const { file, fd } = readSecretSource(options, 'password');
  if (file !== undefined || fd !== undefined) throw new Failure('usage', "--email is needed with the admin's password");
  return options.flag('new-link') ? renewLink(invocation) : initialiseByLink(invocation);
}

async function initialiseByLink(invocation: Invocation): Promise<Answer> {
  const { options, prompt } = invocation;
  const source = readSecretSource(options, 'master-password');
  const isGiven = source.file !== undefined || source.fd !== undefined;
  const masterPassword = isGiven
    ? await prompt.askNewSecret('Master password', source, { minLength: 12, option: 'master-password' })
    : undefined;
  const { awaitFirstAdmin } = await import('@signpost/server/setup');
  const organisationName = options.requiredText('organisation');
  const made = await asFailure(awaitFirstAdmin(environmentOf(invocation), { organisationName, masterPassword }));
  return {
    document: { data_dir: made.dataDir, setup_link: made.setupLink },
    lines: [
      `Made ${made.dataDir}.`,
      `Go on with: signpost serve --data ${made.dataDir}`,
      ...describeLink(made.setupLink),
    ],
  };
}

async function renewLink(invocation: Invocation): Promise<Answer> {
  const { renewSetupLink } = await import('@signpost/server/setup');
  const setupLink = await asFailure(renewSetupLink(environmentOf(invocation)));
  return { document: { setup_link: setupLink }, lines: describeLink(setupLink) };
}

function describeLink(link: string): string[] {
  return ['Then make the first admin in a browser, within a day; whoever has this link can, once:', `  ${link}`];
}

async function initialiseWithAdmin(invocation: Invocation, email: string): Promise<Answer> {
  const { options, prompt } = invocation;
  const rules = { minLength: 12 };
  const masterPassword = await prompt.askNewSecret('Master password', readSecretSource(options, 'master-password'), {
    ...rules,
    option: 'master-password',
  });
  const password = await prompt.askNewSecret("The admin's password", readSecretSource(options, 'password'), {
    ...rules,
    option: 'password',
  });
  const { initialise } = await import('@signpost/server/setup');
  const made = await asFailure(
    initialise(environmentOf(invocation), {
      masterPassword,
      organisationName: options.requiredText('organisation'),
      admin: { email, name: options.requiredText('name'), password },
    }),
  );
  return {
    document: { data_dir: made.dataDir, api_key: made.apiKey },
    lines: [
      `Made ${made.dataDir}.`,
      `API key, shown this once: ${made.apiKey}`,
      `Go on with: signpost serve --data ${made.dataDir}`,
    ],
  };
}

async function runServer(invocation: Invocation): Promise<undefined> {
  const { serve: startServer } = await import('@signpost/server');
  const server = await asFailure(startServer(environmentOf(invocation)));
  const hint = server.vault === 'unlocked' ? [] : ['The vault is locked: `signpost unlock` lets the server sign.'];
  invocation.output.answer({
    document: { base: server.url, vault: server.vault },
    lines: [`Serving at ${server.url}`, ...hint],
  });
  await invocation.interrupted();
  await server.stop();
}

async function migrateServer(invocation: Invocation): Promise<Answer> {
  const { migrateData } = await import('@signpost/server/setup');
  const names = await asFailure(migrateData(environmentOf(invocation)));
  return {
    document: { applied: names },
    lines: names.length > 0 ? names.map((name) => `applied ${name}`) : ['Nothing to do.'],
  };
}
