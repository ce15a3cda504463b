/** `signpost inspect`: what a bundle says of itself. */
import { TrustError } from '@signpost/protocol/errors';
import { parseBundle } from '@signpost/protocol/sigstore/bundle';
import { extractBundles, maxAttestationsBytes } from '@signpost/protocol/sigstore/extract-bundles';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { explainBundle } from '../../evidence/explain-bundle.ts';
import { readLocalDocument } from '../../evidence/local-document.ts';
import { refuseUnverified } from '../../evidence/refusal.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatPairs } from '../../terminal/table.ts';

/** `signpost inspect`. */
export const inspect: CommandSpec = {
  words: 'inspect',
  arguments: '<bundle>',
  summary: 'Tell in words what a Sigstore bundle says, without trusting anything in it',
  details: [
    'Anybody can write a bundle that says anything: whether it is true, `signpost verify` tells. Documents of GitHub, npm and PyPI with several bundles are read too, and files with one on each line.',
  ],
  examples: ['signpost inspect app.zip.bundle', 'signpost inspect attestations.jsonl --json'],
  run: refuseUnverified(explain),
};

const warning = 'Nothing here is verified: this is what the document says of itself.';

async function explain(invocation: Invocation): Promise<Answer> {
  const bytes = await readLocalDocument(readArgument(invocation, 0), maxAttestationsBytes);
  const bundles = extractBundles(bytes).map(explainOne);
  return {
    document: { verified: false, bundles: bundles.map(({ document }) => document) },
    lines: [
      warning,
      ...bundles.flatMap(({ pairs }, index) => [
        '',
        ...(bundles.length > 1 ? [`Bundle ${index + 1} of ${bundles.length}`] : []),
        ...formatPairs(pairs),
      ]),
    ],
  };
}

function explainOne(bytes: Uint8Array, index: number) {
  try {
    return explainBundle(parseBundle(bytes));
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    throw new TrustError(error.code, `bundle ${index + 1}: ${error.message}`, { cause: error });
  }
}
