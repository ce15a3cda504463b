/** Builds the command line from the table of commands. */
import { Command, Option } from 'commander';
import { type CommandSpec, type Invocation, type OptionSpec, Options } from './command.ts';

/** The options that every command takes. */
export const globalOptions: readonly OptionSpec[] = [
  { flags: '--server <url>', text: 'the server (SIGNPOST_SERVER, then the last login, then http://127.0.0.1:8787)' },
  { flags: '--org <slug>', text: 'the organisation, when it is not the default one' },
  { flags: '--plain-http', text: 'send credentials without TLS to a server that is not on this machine' },
  { flags: '--client-cert <file>', text: 'a client certificate (PEM) in place of an API key (SIGNPOST_CLIENT_CERT)' },
  { flags: '--client-key <file>', text: 'its private key, unless the same file holds it (SIGNPOST_CLIENT_KEY)' },
  { flags: '--json', text: 'print one JSON document on stdout' },
  { flags: '-q, --quiet', text: 'print nothing but questions, warnings and failures' },
  { flags: '-y, --yes', text: 'answer every confirmation with yes' },
];

/** What a run of the program needs besides its arguments. */
export interface ProgramOptions {
  readonly version: string;
  /** Called with the chosen command; everything that it may touch comes from here. */
  readonly execute: (spec: CommandSpec, given: Pick<Invocation, 'arguments' | 'options'>) => Promise<void>;
  readonly write: { readonly out: (text: string) => void; readonly err: (text: string) => void };
}

/** What stands above the commands of a noun in `--help`. */
const groupSummaries: Readonly<Record<string, string>> = {
  acme: 'Certificates that servers and devices fetch by themselves (RFC 8555)',
  access: 'Client certificates that may use the API',
  'api-key': 'Keys for scripts and continuous integration',
  audit: 'The hash-chained record of every change',
  backup: 'Backups of the whole server: made, verified, tried out',
  ca: 'Certificate authorities: roots, intermediates, roll-over',
  'ca crl': 'Revocation lists of an authority',
  'ca root': 'An offline root: a certificate authority without a server',
  'ca tsa': 'Timestamps of an authority (RFC 3161)',
  cert: 'Certificates and their keys',
  evidence: 'Documents about releases: bundles, SBOMs, and what the policy says of them',
  ci: 'What builds do by the token of their platform',
  factor: 'What you prove yourself by besides the password',
  key: 'Keys that sign manifests',
  log: 'The transparency log: what was published, for everybody to see',
  mirror: 'Static mirrors that clients verify unchanged',
  organisation: 'What holds for everybody of the organisation',
  override: 'Rules of a policy that are let go for one release',
  policy: 'What evidence releases must have',
  project: 'Projects and their rules',
  collection: 'Collections of modules',
  module: 'Modules of a collection',
  catalogue: 'Signed catalogues of modules',
  publisher: 'Builds that upload without a stored key',
  release: 'Releases: upload, activate, withdraw',
  root: 'The offline root: trust lists made and signed without a server',
  trust: 'The trust list that the server publishes',
  'trust-root': 'Instances of Sigstore whose evidence counts',
  user: 'People and their roles',
  vault: 'What keeps the secrets of a server',
  push: 'Signed frames: channels, the key that vouches for them',
  watch: 'who signs what you depend on',
  'watch cluster': 'What runs in clusters of Kubernetes',
  webhook: 'Events posted to receivers, signed',
  sbom: 'What the files of a release consist of',
  vulnerabilities: 'What is known to be vulnerable in releases, and what their publishers say to it',
  wordpress: 'Plugins for WordPress: what they say of themselves, and deploys to their repositories',
  'wordpress credentials': 'Who commits for a plugin',
  'wordpress preflight': 'What tools find in a plugin before it is deployed',
};

/** The program over `specs`. It throws CommanderError instead of ending the process. */
export function createProgram(specs: readonly CommandSpec[], options: ProgramOptions): Command {
  const program = new Command('signpost')
    .description('Publish signed releases that a stolen server cannot forge, and verify them.')
    .version(options.version)
    .helpCommand(false);
  for (const option of globalOptions) program.addOption(createOption(option));
  configure(program, options);
  program.addHelpText('after', programNotes);
  for (const spec of specs) addCommand(program, spec, options);
  return program;
}

const programNotes = `
Examples:
  $ signpost root init --dir ~/root
  $ signpost release upload app.zip --project my-app --release 1.0.0
  $ signpost help exit-codes`;

function configure(command: Command, { write }: ProgramOptions): void {
  command
    .exitOverride()
    .configureOutput({
      writeOut: write.out,
      writeErr: write.err,
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
    })
    .configureHelp({ showGlobalOptions: true, sortSubcommands: true })
    .showHelpAfterError('hint: --help shows what is possible');
}

function addCommand(program: Command, spec: CommandSpec, options: ProgramOptions): void {
  const words = spec.words.split(' ');
  const parent = words.slice(0, -1).reduce((above, word) => openGroup(above, word, options), program);
  const command = parent.command(words.at(-1) ?? '').description([spec.summary, ...(spec.details ?? [])].join('\n\n'));
  command.summary(spec.summary);
  configure(command, options);
  if (spec.arguments) command.arguments(spec.arguments);
  for (const option of spec.options ?? []) command.addOption(createOption(option));
  command.addHelpText('after', formatExamples(spec.examples));
  command.action(async () => {
    await options.execute(spec, {
      arguments: command.processedArgs as Invocation['arguments'],
      options: new Options(command.optsWithGlobals()),
    });
  });
}

function openGroup(parent: Command, name: string, options: ProgramOptions): Command {
  const existing = parent.commands.find((command) => command.name() === name);
  if (existing) return existing;
  const group = parent
    .command(name)
    .helpCommand(false)
    .description(groupSummaries[parent.name() === 'signpost' ? name : `${parent.name()} ${name}`] ?? '');
  configure(group, options);
  return group;
}

function createOption({ flags, text, fallback, repeatable, required, choices }: OptionSpec): Option {
  const option = new Option(flags, repeatable ? `${text} (repeatable)` : text);
  if (fallback !== undefined) option.default(fallback);
  if (choices) option.choices([...choices]);
  if (repeatable) option.argParser((value: string, all: readonly string[] | undefined) => [...(all ?? []), value]);
  return option.makeOptionMandatory(required === true);
}

/** The examples as they stand under the help. */
export function formatExamples(examples: readonly string[]): string {
  return `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`;
}
