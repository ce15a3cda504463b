/** What the public page says of the evidence: the policy's verdict, what was let go, and every document. */
import type { VerifiedManifest } from '@signpost/protocol/updates/verify-manifest';
import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

const words: Readonly<Record<string, string>> = {
  bundle: 'signature bundle',
  attestations: 'attestations',
  sbom: 'SBOM',
  release: 'release statement',
  provenance: 'provenance',
  'verification-summary': 'verification summary',
};

/** A mark for the verdict; nothing where no policy was asked. */
export function renderVerdictMark({ evidence }: VerifiedManifest): Html {
  const verdict = evidence?.verdict;
  if (!verdict) return html``;
  if (verdict.result === 'passed') return html`<span class="pill good">policy: met</span>`;
  return html`<span class="pill warn">policy: ${verdict.result === 'waived' ? 'met but for what was let go' : 'not met'}</span>`;
}

/** The overrides and the documents, as rows of the page's list of facts. */
export function renderEvidence({ evidence }: VerifiedManifest, base: string): Html {
  const overrides = evidence?.verdict?.overrides ?? [];
  const documents = evidence?.documents ?? [];
  return html`${overrides.map(
    ({ rules, reason, expiresAt }) =>
      html`<dt>Let go</dt><dd>${rules.join(', ')} until ${new Date(expiresAt).toISOString().slice(0, 10)}: ${reason}</dd>`,
  )}${
    documents.length === 0
      ? ''
      : html`<dt>Evidence</dt><dd>${documents.map(
          ({ artifact, kind, url }) =>
            html`<div><a href="${base}${url}">${words[kind] ?? kind}</a> <span class="soft">${artifact}</span></div>`,
        )}</ul></dd>`
  }`;
}
