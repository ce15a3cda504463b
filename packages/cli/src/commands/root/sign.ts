/** `signpost root sign`: shows the next trust list in words, asks, and signs it. */

import { describeTrustList, describeUnknown } from '@signpost/protocol/updates/signing-text';
import { createTrustListDocument } from '@signpost/protocol/updates/write-trust-list';
import type { CommandSpec, Invocation } from '../../command.ts';
import { writeFileAtomically } from '../../files/atomic-write.ts';
import { shortId } from '../../root/draft.ts';
import { type RootFolder, rootsInForce } from '../../root/folder.ts';
import { planSigning, type SigningPlan, signAsPlanned } from '../../root/sign.ts';
import { countSignatures, describeMissing, isComplete, type SignedList } from '../../root/signed-list.ts';
import type { Answer } from '../../terminal/output.ts';
import { dirOption, openFolder, passphraseOptions, unlockKeys } from './folder-option.ts';

/** `signpost root sign`. */
export const rootSign: CommandSpec = {
  words: 'root sign',
  summary: 'Show the next trust list in words, with what is new in it, and sign it',
  details: [
    'The list gets the next version and the time of now. When an imported list awaits signatures and the draft says the same, exactly that list is signed instead.',
    'Publish it by `signpost trust import FILE`; when signatures of other holders are missing, give them the file first.',
  ],
  options: [
    dirOption,
    { flags: '--expires-days <days>', text: 'how long the list holds', fallback: '730' },
    { flags: '--out <file>', text: 'where to write it', fallback: 'trust.json' },
    { flags: '--renew', text: 'make a new list although the pending one says the same' },
    ...passphraseOptions,
  ],
  examples: [
    'signpost root sign --dir ~/root',
    'signpost root sign --dir ~/root --yes --passphrase-file pass.txt --out trust.json',
  ],
  run: signList,
};

async function signList(invocation: Invocation): Promise<Answer> {
  const { options, output, prompt, now } = invocation;
  const folder = await openFolder(invocation);
  const terms = { now: now(), expiresDays: options.integer('expires-days', 1) ?? 730, renew: options.flag('renew') };
  const plan = await planSigning(folder, terms);
  output.show(describePlan(plan, folder));
  await prompt.confirm(`Sign trust list version ${plan.list.version}?`);
  const signed = await signAsPlanned(folder, plan, await unlockKeys(invocation, plan.keys));
  const out = options.requiredText('out');
  await writeFileAtomically(out, signed.envelope.text, 0o644);
  return describeSigned(signed, folder, out);
}

function describePlan(plan: SigningPlan, folder: RootFolder): string[] {
  const keys = plan.keys.map(({ keyId, label }) => `${shortId(keyId)} "${label}"`).join(' and ');
  const origin =
    plan.kind === 'cosign' ? 'This list was made and signed by another holder.' : 'This list is made from your draft.';
  return [
    ...describeTrustList(plan.list, folder.inForce),
    ...describeUnknown(plan.document, createTrustListDocument(plan.list)),
    '',
    origin,
    `Digest ${plan.digest}`,
    `To be signed with ${keys}`,
    '',
  ];
}

async function describeSigned(signed: SignedList, folder: RootFolder, out: string): Promise<Answer> {
  const count = await countSignatures(signed, rootsInForce(folder));
  const complete = isComplete(count);
  const next = complete
    ? `Publish it: signpost trust import ${out}`
    : `Give ${out} to the next holder: signpost root import ${out}, then signpost root sign`;
  return {
    document: {
      trust_version: signed.list.version,
      digest: signed.digest,
      expires_at: new Date(signed.list.expiresAt).toISOString(),
      signers: count.signers,
      complete,
      missing_signatures: Math.max(count.missingOld, count.missingNew),
      file: out,
    },
    lines: [`Signed version ${signed.list.version} into ${out}: ${describeMissing(count)}.`, next],
  };
}
