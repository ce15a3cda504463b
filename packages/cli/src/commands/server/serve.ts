/** `signpost init`, `serve`, `migrate`: the server on this machine. They load the server package; no other command does. */
import { type CommandSpec, type Invocation, readSecretSource, secretOptions } from '../../command.ts';
import type { Answer } from '../../terminal/output.ts';
import { asFailure, dataOption, environmentOf } from './server-package.ts';

/** `signpost init`. */
export const init: CommandSpec = {
  words: 'init',
  summary: 'Make a data folder: database, vault, organisation, first admin',
  details: [
    'The master password encrypts every secret on the server; whoever starts the server must give it (`signpost unlock`, or SIGNPOST_VAULT_PASSWORD_FILE). Nobody can reset it without losing what it protects.',
  ],
  options: [
    dataOption,
    { flags: '--organisation <name>', text: 'the name of the organisation', fallback: 'Default' },
    { flags: '--email <address>', text: 'the first admin', required: true },
    { flags: '--name <name>', text: 'the name of the first admin', fallback: 'Admin' },
    ...secretOptions('master-password', 'the master password'),
    ...secretOptions('password', "the admin's password"),
  ],
  examples: ['signpost init --data /var/lib/signpost --email alice@example.org'],
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
  const { initialise } = await import('@signpost/server');
  const made = await asFailure(
    initialise(environmentOf(invocation), {
      masterPassword,
      organisationName: options.requiredText('organisation'),
      admin: { email: options.requiredText('email'), name: options.requiredText('name'), password },
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
  const { migrateData } = await import('@signpost/server');
  const names = await asFailure(migrateData(environmentOf(invocation)));
  return {
    document: { applied: names },
    lines: names.length > 0 ? names.map((name) => `applied ${name}`) : ['Nothing to do.'],
  };
}
