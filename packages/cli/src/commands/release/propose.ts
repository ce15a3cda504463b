/** `signpost release propose`: what maintainers sign, as a file for a machine that is not online. */
import { encodeText } from '@signpost/protocol/bytes/text';
import { digestHex } from '@signpost/protocol/updates/envelope';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { writeFileAtomically } from '../../files/atomic-write.ts';
import { cellOf, type JsonObject, textOf, textsOf } from '../../http/answer.ts';
import { type Client, ServerRefusal } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { pathOfRelease } from './proposal.ts';

/** `signpost release propose`. */
export const releasePropose: CommandSpec = {
  words: 'release propose',
  arguments: '<version>',
  summary: 'Write what the maintainers of a release sign to a file; make it where nothing waits',
  details: [
    'For a key on a machine that is not online: carry the file there, sign it by `signpost release sign`, and hand the signature in by `signpost release import-signature`. Nothing of the file needs to be believed: whoever signs is shown what it says.',
    '--again gives up what waits, and the signatures over it: when the evidence, the policy or a newer release has outdated it.',
  ],
  options: [
    { flags: '--project <slug>', text: 'the project', required: true },
    {
      flags: '--lead <key-id>',
      text: 'the maintainer whose signature clients of the older format check; needed where nothing waits',
    },
    { flags: '--again', text: 'make it anew although one waits' },
    { flags: '--out <file>', text: 'where to write it; PROJECT-VERSION.manifest.json when left out' },
  ],
  examples: [
    'signpost release propose 1.0.0 --project my-app --lead KEY_ID',
    'signpost release propose 1.0.0 --project my-app --lead KEY_ID --again',
  ],
  run: propose,
};

async function propose(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const [project, version] = [options.requiredText('project'), readArgument(invocation, 0)];
  const client = await connectAuthenticated(invocation);
  const path = `${pathOfRelease(project, version)}/proposal`;
  const waiting = await findProposal(client, path);
  if (waiting && options.flag('again')) await confirmReplacing(invocation, waiting);
  const proposal = waiting && !options.flag('again') ? waiting : await make(invocation, client, path);
  const text = textOf(proposal, 'document');
  const out = options.text('out') ?? `${project}-${version}.manifest.json`;
  await writeFileAtomically(out, text, 0o644);
  const sha256 = await digestHex(encodeText(text));
  const approvals = textsOf(proposal, 'approvals');
  return {
    document: {
      ...{ manifest_id: textOf(proposal, 'manifest_id'), manifest_sha256: sha256, out },
      ...{ needed: proposal.needed ?? null, approvals: [...approvals] },
    },
    lines: [
      `${out}: SHA-256 ${sha256}; ${approvals.length} of ${cellOf(proposal, 'needed')} maintainers have signed it.`,
      `Where your key is: signpost release sign ${out} --project ${project} --release ${version} --key FILE --file BUILT-FILE`,
    ],
  };
}

async function findProposal(client: Client, path: string): Promise<JsonObject | undefined> {
  try {
    return await client.read(path);
  } catch (error) {
    if (error instanceof ServerRefusal && error.status === 404) return undefined;
    throw error;
  }
}

function confirmReplacing({ prompt }: Invocation, waiting: JsonObject): Promise<void> {
  return prompt.confirm(`Give up what waits, and ${textsOf(waiting, 'approvals').length} signature(s) over it?`);
}

function make({ options }: Invocation, client: Client, path: string): Promise<JsonObject> {
  const lead = options.text('lead');
  if (lead === undefined) {
    throw new Failure('usage', 'nothing waits to be signed: --lead is needed', {
      hint: 'signpost trust show lists the keys of maintainers',
    });
  }
  return client.request('POST', path, { body: { key_id: lead } });
}
