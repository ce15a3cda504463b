/** The trusted root that bundles are verified under: a file, and then nobody is asked; or one that the server keeps. */
import { maxTrustedRootBytes, parseTrustedRoot, type TrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import type { Invocation, OptionSpec } from '../command.ts';
import { objectsOf, textOf } from '../http/answer.ts';
import { type Client, readBounded } from '../http/client.ts';
import { connectAuthenticated } from '../http/connect.ts';
import { readCredentials } from '../http/credentials.ts';
import { Failure } from '../terminal/failure.ts';
import { readLocalDocument } from './local-document.ts';

/** A trusted root, and where it came from. */
export interface ChosenTrustedRoot {
  readonly name: string;
  readonly root: TrustedRoot;
}

/** The options by which a trusted root is chosen. */
export const trustedRootOptions: readonly OptionSpec[] = [
  { flags: '--trusted-root <file>', text: 'a trusted_root.json; no request is made then' },
  { flags: '--trust-root <name>', text: 'which trusted root of the server; with a file, its name in the policy' },
];

const path = '/api/evidence/trust-roots';

/** The trusted root in a file. Throws Failure, and TrustError for what it holds. */
export async function readTrustedRootFile(file: string): Promise<TrustedRoot> {
  return parseTrustedRoot(await readLocalDocument(file, maxTrustedRootBytes));
}

/** `--trusted-root`, or the server's. Throws Failure `usage` when there is neither, or the server has several and none is named. */
export async function chooseTrustedRoot(invocation: Invocation): Promise<ChosenTrustedRoot> {
  const file = invocation.options.text('trusted-root');
  if (file !== undefined) {
    return { name: invocation.options.text('trust-root') ?? file, root: await readTrustedRootFile(file) };
  }
  if (!(await isServerConfigured(invocation))) {
    throw new Failure('usage', 'expected --trusted-root FILE: there is no server to ask for one', {
      hint: '`signpost trust-root show NAME --out trusted_root.json` writes one; or give --server',
    });
  }
  const client = await connectAuthenticated(invocation);
  const name = invocation.options.text('trust-root') ?? (await findOnlyRoot(client));
  const response = await client.send('GET', `${path}/${encodeURIComponent(name)}/trusted_root.json`);
  return { name, root: await parseTrustedRoot(await readBounded(response, maxTrustedRootBytes)) };
}

/** Nobody is asked whom the user has never named. */
async function isServerConfigured({ options, environment }: Invocation): Promise<boolean> {
  if (options.text('server') !== undefined || environment.server !== undefined) return true;
  return (await readCredentials(environment.configDir)).length > 0;
}

/** Whoever runs an authority decides what its certificates say, so one of several is not guessed. */
async function findOnlyRoot(client: Client): Promise<string> {
  const names = objectsOf(await client.read(path), 'trust_roots').map((root) => textOf(root, 'name'));
  const [only, ...others] = names;
  if (only === undefined) {
    throw new Failure('usage', 'the server has no trusted root', {
      hint: 'signpost trust-root add, or --trusted-root',
    });
  }
  if (others.length > 0) {
    throw new Failure('usage', `the server has several trusted roots: ${names.join(', ')}`, {
      hint: '--trust-root NAME',
    });
  }
  return only;
}
