/** `signpost watch import`: what settings of another tool come to here. Nothing is in force until you put it there. */

import { quoteWord } from '@signpost/protocol/bytes/shell-word';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { asObject, cellOf, type JsonObject, objectsOf, textOf, textsOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import { describeRemarks, formatNames, readAttached, readTextFile } from './conversion.ts';
import { claimOptions } from './signers.ts';

/** `signpost watch import`. */
export const watchImport: CommandSpec = {
  words: 'watch import',
  arguments: '<file>',
  summary: 'Propose a policy of gates from settings of another tool',
  details: [
    'The policy in force is printed with the rules of the file before its own: read it, and put it in force with `signpost watch policy set`. Clauses that are not carried over exactly are named on stderr, and under "remarks" with --json. Where more would be let through than the file or the policy in force does, the whole is refused, unless you allow that.',
    'Sources that are watched and that the file names are listed with what declares their signers (`signpost watch declare`).',
  ],
  options: [
    { flags: '--format <format>', text: 'of which tool the file is', choices: formatNames, required: true },
    {
      flags: '--attach <file>',
      text: 'a key or certificate, under the path by which the settings call it',
      repeatable: true,
    },
    { flags: '--allow-looser', text: 'propose also what lets through more; each clause is named' },
  ],
  examples: [
    'signpost watch import policies.yaml --format policy-controller > gates.json',
    'signpost watch import verify.sh --format cosign --attach cosign.pub > gates.json',
    'signpost watch import pnpm-workspace.yaml --format pnpm --json',
  ],
  run: propose,
};

async function propose(invocation: Invocation): Promise<Answer> {
  const { options, output } = invocation;
  const body = {
    ...{ format: options.requiredText('format'), text: await readTextFile(readArgument(invocation, 0)) },
    ...{ attached: await readAttached(options.texts('attach')), allow_looser: options.flag('allow-looser') },
  };
  const client = await connectAuthenticated(invocation);
  const document = await client.request('POST', '/api/watch/policy/import', { body });
  for (const line of [...describeRemarks(document), ...describeDeclarations(document)]) output.note(line);
  return { document, lines: JSON.stringify(document.document, undefined, 2).split('\n') };
}

/** A command for each signer: one that declares them all would need a file. */
function describeDeclarations(document: JsonObject): readonly string[] {
  return objectsOf(document, 'declarations').map((declaration) => {
    const identities = objectsOf(declaration, 'identities').map((identity) => asObject(identity));
    const [first] = identities;
    const named = first
      ? ['--issuer', textOf(first, 'issuer'), '--subject', textOf(first, 'subject'), ...nameClaims(first)]
      : textsOf(declaration, 'keys').flatMap((key) => ['--key', key]);
    const more =
      identities.length > 1 ? `; and ${identities.length - 1} more by POST /api/watch/sources/{id}/decisions` : '';
    const words = ['signpost', 'watch', 'declare', cellOf(declaration, 'id'), ...named, '--reason', 'imported'];
    return `${cellOf(declaration, 'source')} is watched: ${words.map(quoteWord).join(' ')}${more}`;
  });
}

/** Without them more would be declared than the file says. */
function nameClaims(identity: JsonObject): readonly string[] {
  return Object.entries(claimOptions).flatMap(([option, claim]) =>
    identity[claim] === undefined ? [] : [`--${option}`, cellOf(identity, claim)],
  );
}
