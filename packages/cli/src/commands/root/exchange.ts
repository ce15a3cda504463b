/** `signpost root combine` and `signpost root import`: several holders, one list. */
import { readFile } from 'node:fs/promises';
import { describeTrustList, describeUnknown } from '@signpost/protocol/updates/signing-text';
import { createTrustListDocument } from '@signpost/protocol/updates/write-trust-list';
import { type CommandSpec, type Invocation, readArgument, readArguments } from '../../command.ts';
import { writeFileAtomically } from '../../files/atomic-write.ts';
import { draftOf, isSameDraft } from '../../root/draft.ts';
import { openRootFolder, type RootFolder, rootsInForce } from '../../root/folder.ts';
import { importList } from '../../root/import.ts';
import {
  countSignatures,
  describeMissing,
  isComplete,
  mergeSignedLists,
  nameList,
  parseSignedList,
  type SignatureCount,
  type SignedList,
} from '../../root/signed-list.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer, JsonValue } from '../../terminal/output.ts';
import { dirOption, openFolder } from './folder-option.ts';

/** `signpost root combine`. */
export const rootCombine: CommandSpec = {
  words: 'root combine',
  arguments: '<file...>',
  summary: 'Put the signatures of several holders over one list together, and say how many are missing',
  details: ['Needs no key. With --dir the signatures of old roots, which a change of roots needs, are counted too.'],
  options: [
    { flags: '--dir <path>', text: 'a root folder that knows the roots in force' },
    { flags: '--out <file>', text: 'where to write the list', fallback: 'trust.json' },
  ],
  examples: ['signpost root combine alice.json bob.json --out trust.json'],
  run: combineLists,
};

/** `signpost root import`. */
export const rootImport: CommandSpec = {
  words: 'root import',
  arguments: '<file>',
  summary: 'Take over a list that another holder signed, complete or not',
  details: [
    'The list is verified under the roots that this folder knows. The draft becomes what the list says; `signpost root sign` then adds your signature.',
  ],
  options: [dirOption],
  examples: ['signpost root import trust.json --dir ~/root'],
  run: importFile,
};

async function combineLists(invocation: Invocation): Promise<Answer> {
  const parts = await Promise.all(readArguments(invocation, 0).map(readList));
  const dir = invocation.options.text('dir');
  const roots = dir === undefined ? undefined : rootsInForce(await openRootFolder(dir));
  const merged = await mergeSignedLists(parts, roots);
  const out = invocation.options.requiredText('out');
  await writeFileAtomically(out, merged.envelope.text, 0o644);
  const count = await countSignatures(merged, roots);
  return {
    document: { ...summarise(merged, count), file: out },
    lines: [`${out} holds ${nameList(merged)} with ${count.signers.length} signature(s): ${describeMissing(count)}.`],
  };
}

async function importFile(invocation: Invocation): Promise<Answer> {
  const { output, prompt } = invocation;
  const folder = await openFolder(invocation);
  const incoming = await readList(readArgument(invocation, 0));
  output.show([
    ...describeTrustList(incoming.list, folder.inForce),
    ...describeUnknown(incoming.document, createTrustListDocument(incoming.list)),
  ]);
  if (hasOwnChanges(folder)) await prompt.confirm('Your draft has changes that no list says. Replace them?');
  const merged = await importList(folder, incoming);
  const count = await countSignatures(merged, rootsInForce(folder));
  const next = isComplete(count) ? [] : ['`signpost root sign` adds your signature.'];
  return {
    document: summarise(merged, count),
    lines: [`Took over ${nameList(merged)}: ${describeMissing(count)}.`, ...next],
  };
}

/** Whether the draft says something that no list says, apart from a draft still as `init` made it. */
function hasOwnChanges({ draft, pending, inForce }: RootFolder): boolean {
  if (pending) return !isSameDraft(draftOf(pending.document), draft);
  if (inForce) return !isSameDraft(draftOf(JSON.parse(inForce.envelope).trust), draft);
  return JSON.stringify([draft.valid_keys, draft.revoked_keys, draft.projects]) !== '[[],[],[]]';
}

function summarise(signed: SignedList, count: SignatureCount): { readonly [name: string]: JsonValue } {
  return {
    trust_version: signed.list.version,
    digest: signed.digest,
    signers: count.signers,
    complete: isComplete(count),
    missing_signatures: Math.max(count.missingOld, count.missingNew),
  };
}

async function readList(path: string): Promise<SignedList> {
  const bytes = await readFile(path).catch((cause) => {
    throw new Failure('refused', `${path} cannot be read`, { cause });
  });
  return parseSignedList(bytes);
}
