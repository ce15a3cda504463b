/** `signpost root show`: the draft, the keys and the last list, in words. */

import { describeTrustList } from '@signpost/protocol/updates/signing-text';
import type { CommandSpec, Invocation } from '../../command.ts';
import { draftOf, isSameDraft, parseDraft, shortId } from '../../root/draft.ts';
import { type RootFolder, rootsInForce } from '../../root/folder.ts';
import { countSignatures, describeMissing, nameList, parseSignedList } from '../../root/signed-list.ts';
import type { Answer } from '../../terminal/output.ts';
import { dirOption, openFolder } from './folder-option.ts';

/** `signpost root show`. */
export const rootShow: CommandSpec = {
  words: 'root show',
  summary: 'Show keys, thresholds, the draft and the last signed list, in words; needs no passphrase',
  options: [dirOption],
  examples: ['signpost root show --dir ~/root', 'signpost root show --dir ~/root --json'],
  run: showRoot,
};

async function showRoot(invocation: Invocation): Promise<Answer> {
  const folder = await openFolder(invocation);
  const state = await describeState(folder);
  const draft = await parseDraft(folder.draft);
  const roots = draft.roots;
  return {
    document: {
      keys: folder.keys.map(({ keyId, pubkeyB64, label }) => ({ key_id: keyId, pubkey_b64: pubkeyB64, label })),
      threshold: roots?.threshold ?? 1,
      roots: roots?.keys.map(({ keyId, pubkeyB64 }) => ({ key_id: keyId, pubkey_b64: pubkeyB64 })) ?? [],
      trust_version: folder.inForce?.version ?? null,
      expires_at: folder.inForce ? new Date(folder.inForce.expiresAt).toISOString() : null,
      pending_version: folder.pending?.list.version ?? null,
      draft_changed: state.changed,
    },
    lines: [
      ...folder.keys.map(
        ({ keyId, pubkeyB64, label }) => `Your key ${shortId(keyId)} "${label}", public key ${pubkeyB64}`,
      ),
      `Roots: ${roots?.threshold} of ${roots?.keys.length} must sign`,
      ...(roots?.keys.map(({ keyId, pubkeyB64 }) => `  ${shortId(keyId)}  ${pubkeyB64}`) ?? []),
      ...state.lines,
      '',
      'The draft says:',
      ...describeTrustList({ ...draft, version: folder.highestVersion + 1 }, folder.inForce),
    ],
  };
}

async function describeState(folder: RootFolder): Promise<{ lines: string[]; changed: boolean }> {
  const { inForce, pending, draft } = folder;
  const lines = [
    inForce
      ? `In force: version ${inForce.version}, expires ${new Date(inForce.expiresAt).toISOString()}`
      : 'In force: nothing has been signed yet',
  ];
  if (pending)
    lines.push(
      `Pending: ${nameList(pending)}, ${describeMissing(await countSignatures(pending, rootsInForce(folder)))}`,
    );
  const newest = pending ?? (inForce && (await parseSignedList(new TextEncoder().encode(inForce.envelope))));
  const changed = !newest || !isSameDraft(draftOf(newest.document), draft);
  lines.push(
    changed
      ? 'The draft has changes that no list says yet: `signpost root sign`'
      : 'The draft says what the newest list says',
  );
  return { lines, changed };
}
