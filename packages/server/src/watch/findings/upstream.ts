/** A text for whoever maintains what differs: what was seen, and how they can see it themselves. */

/** What the text is made of. */
export interface UpstreamFinding {
  readonly kind: string;
  readonly source: string | null;
  readonly sentence: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly opened_at: string;
}

/** The text, in Markdown. Words of others are quoted, so that they cannot pass for ours. */
export function describeForUpstream(
  { kind, source, sentence, before, after, opened_at: openedAt }: UpstreamFinding,
  artifacts: readonly { readonly sha256: string; readonly version: string | null }[],
): string {
  return [
    `Hello, since ${openedAt} a release of ${quote(source ?? 'yours')} differs from those before it: ${quote(sentence)}.`,
    '',
    ...artifacts.slice(0, 10).map(({ sha256, version }) => `- ${quote(version ?? 'artifact')}, SHA-256 ${sha256}`),
    ...before.map((text) => `- before: ${quote(text)}`),
    ...after.map((text) => `- now: ${quote(text)}`),
    '',
    `Was this intended? If it was, a word about it helps everybody who verifies your releases (our word for it is ${kind}). If it was not, somebody else may be able to publish in your name.`,
  ].join('\n');
}

/** As code, on one line, without what would end it or steer a terminal. */
function quote(text: string): string {
  return `\`${text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029`]/gu, '\ufffd').toWellFormed()}\``;
}
