/** `signpost release import-signature`: hands in a maintainer's signature that was made elsewhere. */
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { maxApprovalBytes, verifyApproval } from '@signpost/protocol/updates/approval';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { objectsOf, textOf } from '../../http/answer.ts';
import type { Client } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { describeOutcome, pathOfRelease, readCarriedFile } from './proposal.ts';

/** `signpost release import-signature`. */
export const releaseImportSignature: CommandSpec = {
  words: 'release import-signature',
  arguments: '<file>',
  summary: "Hand in a maintainer's signature that was made on another machine",
  details: [
    'The file is what `signpost release sign` wrote, or the bare Ed25519 signature of another tool over the bytes that `signpost release propose` wrote: 64 octets, or their base64, such as `openssl pkeyutl -sign -rawin -inkey bob.pem -in MANIFEST -out bob.sig` writes. It is verified here under the keys of maintainers that the server names, and again by the server. Whoever hands it in needs no key of a maintainer. The last signature needed puts the release into service.',
  ],
  options: [
    { flags: '--project <slug>', text: 'the project', required: true },
    { flags: '--release <version>', text: 'the version', required: true },
  ],
  examples: [
    'signpost release import-signature my-app-1.0.0.0123456789abcdef.approval.json --project my-app --release 1.0.0',
    'signpost release import-signature bob.sig --project my-app --release 1.0.0',
  ],
  run: importSignature,
};

async function importSignature(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const [project, version] = [options.requiredText('project'), options.requiredText('release')];
  const file = await readCarriedFile(readArgument(invocation, 0), {
    maxBytes: maxApprovalBytes,
    writer: 'signpost release sign',
  });
  const client = await connectAuthenticated(invocation);
  const path = pathOfRelease(project, version);
  const [proposal, keys] = [await client.read(`${path}/proposal`), await listMaintainers(client)];
  const manifest = encodeText(textOf(proposal, 'document'));
  const { key, sig } = await verifyApproval(file, { manifest, keys }).catch(tellWhatWaits);
  const body = { manifest_id: textOf(proposal, 'manifest_id'), key_id: key.keyId, sig };
  return describeOutcome(await client.request('POST', `${path}/approvals`, { body }), { project, version });
}

function tellWhatWaits(error: unknown): never {
  if (!(error instanceof TrustError) || error.code !== 'digest_mismatch') throw error;
  throw new Failure('unverified', error.message, {
    hint: 'sign what waits now: signpost release propose writes it',
    code: error.code,
    cause: error,
  });
}

/** Which of them may sign for the project, and whether they still may, the server decides. */
async function listMaintainers(client: Client) {
  const keys = objectsOf(await client.read('/api/trust'), 'valid_keys');
  const maintainers = keys.filter(({ custody }) => custody === 'maintainer');
  return Promise.all(maintainers.map((key) => parsePublicKey(textOf(key, 'pubkey_b64'))));
}
