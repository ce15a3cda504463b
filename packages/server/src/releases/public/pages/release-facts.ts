/** How the release in service was checked, in words: who signed, what scanner, build and policy said, what it is made of. */
import type { Finding } from '@signpost/protocol/policy/verdict';
import { findProjectRule } from '@signpost/protocol/updates/trust-list';
import { html } from 'hono/html';
import type { BuildClaims } from '../../../evidence/publishers/claims.ts';
import type { SbomRow } from '../../../evidence/sboms/store.ts';
import { formatCount, formatDay } from './amounts.ts';
import type { ReleaseFacts } from './facts.ts';
import type { Html } from './frame.ts';
import type { Language } from './language.ts';
import type { Texts } from './texts.en.ts';

/** How the facts are told. */
export interface Wording {
  readonly t: Texts;
  readonly language: Language;
  /** How documents are reached, without a slash at the end. */
  readonly base: string;
}

/** The sheet of facts. */
export function renderFacts(facts: ReleaseFacts, wording: Wording): Html {
  const { t } = wording;
  return html`<section class="sheet" aria-labelledby="checked"><h2 id="checked">${t.checked}</h2><dl>
<dt>${t.whoSigned}</dt><dd>${renderSigners(facts, wording)}</dd>
<dt>${t.scanner}</dt><dd>${renderScan(facts, wording)}</dd>
<dt>${t.build}</dt><dd>${facts.builds.length === 0 ? html`<p>${t.buildUnknown}</p>` : facts.builds.map((build) => renderBuild(build, wording))}</dd>
<dt>${t.policy}</dt><dd>${renderVerdict(facts, wording)}</dd>
<dt>${t.sbom}</dt><dd>${facts.sboms.length === 0 ? html`<p>${t.sbomNone}</p>` : facts.sboms.map((sbom) => renderSbom(sbom, wording))}</dd>
${renderDocuments(facts, wording)}${facts.further.map(
  ([name, value]) => html`<dt>${t.facts[name] ?? name}</dt><dd><bdi>${value}</bdi></dd>`,
)}</dl></section>`;
}

function renderSigners({ manifest, trust }: ReleaseFacts, { t, language }: Wording): Html {
  const keys = manifest.signers.map((id) => trust.validKeys.find(({ key }) => key.keyId === id));
  const named = keys.filter((key) => key !== undefined);
  const short = (id: string) => `${id.slice(0, 16)}…`;
  const maintainers = named.filter(({ custody }) => custody === 'maintainer');
  const { approvals } = findProjectRule(trust, manifest.project);
  return html`${named
    .filter(({ custody }) => custody === 'server')
    .map(({ label, key }) => html`<p>${t.signedByServer(label, short(key.keyId))}</p>`)}${
    maintainers.length === 0
      ? ''
      : html`<p>${t.signedByMaintainers(maintainers.length)} ${maintainers
          .map(({ label, key }) => t.signerNamed(label, short(key.keyId)))
          .join(', ')}.</p>`
  }<p>${approvals === 0 ? t.noApprovals : t.approvalsDemanded(approvals)}</p>
<p class="soft">${t.vouchedFor(String(trust.version), formatDay(trust.expiresAt, language))}</p>`;
}

function renderScan({ manifest: { scan }, lastScan }: ReleaseFacts, { t, language }: Wording): Html {
  if (scan?.status !== 'clean') return html`<p>${t.scanNone}</p>`;
  const engine = [scan.engine, scan.engineVersion].filter((part) => part !== undefined).join(' ');
  const wasAgain = lastScan !== undefined && scan.scannedAt !== undefined && lastScan > scan.scannedAt;
  return html`<p>${scan.scannedAt === undefined ? engine : t.scanClean(engine, formatDay(scan.scannedAt, language))} ${
    scan.signatureDate === undefined ? '' : t.scanSignatures(formatDay(scan.signatureDate, language))
  }</p>${wasAgain ? html`<p>${t.scannedAgain(formatDay(lastScan, language))}</p>` : ''}<p class="soft">${t.scanLimit}</p>`;
}

function renderBuild({ workflow, repositoryUri, ref, commit, runUri }: BuildClaims, { t }: Wording): Html {
  return html`<p>${t.builtBy(workflow, repositoryUri)} ${t.builtAt(ref, commit.slice(0, 12))} ${
    runUri.startsWith('https://') ? html`<a href="${runUri}" rel="noreferrer">${t.buildRun}</a>` : ''
  }</p>`;
}

function renderVerdict({ manifest, verdict }: ReleaseFacts, { t, language }: Wording): Html {
  const signed = manifest.evidence?.verdict;
  if (!signed) return html`<p>${t.policyNone}</p>`;
  const findings = verdict ? (JSON.parse(verdict.findings) as readonly Finding[]) : [];
  return html`<p>${verdict ? t.policyJudged(formatDay(verdict.created_at, language)) : ''} ${
    signed.mode === 'observe' ? t.policyObserves : ''
  }</p>${findings.length === 0 ? '' : html`<ul class="rows">${findings.map((finding) => renderFinding(finding, t))}</ul>`}${signed.overrides.map(
    ({ rules, reason, expiresAt }) =>
      html`<p>${t.letGo(rules.map((rule) => t.rules[rule] ?? rule).join(', '), formatDay(expiresAt, language))} <bdi>${reason}</bdi></p>`,
  )}`;
}

const marks = { met: 'good', unmet: 'bad', unknown: 'bad', waived: 'attention' } as const;

/** What was expected matters where something else was found; both are sentences of the server, in English. */
function renderFinding({ rule, artifact, outcome, expected, found }: Finding, t: Texts): Html {
  return html`<li><div class="row"><span class="badge ${marks[outcome]}">${t.outcomes[outcome]}</span> <strong>${t.rules[rule] ?? rule}</strong>${
    artifact === undefined ? '' : html` <span class="soft">${artifact}</span>`
  }</div><span lang="en" dir="auto">${found}</span>${
    outcome === 'met' ? '' : html` <span class="soft" lang="en">(${t.expected(expected)})</span>`
  }</li>`;
}

function renderSbom(sbom: SbomRow, { t, language }: Wording): Html {
  const format = `${sbom.standard} ${sbom.format_version}`;
  const shown = formatCount(sbom.component_count, language);
  return html`<p>${t.sbomLine(format, sbom.component_count, shown)} <span class="soft">(${
    sbom.origin === 'attached' ? t.sbomAttached : t.sbomGenerated
  })</span></p>`;
}

function renderDocuments({ manifest }: ReleaseFacts, { t, base }: Wording): Html {
  const documents = manifest.evidence?.documents ?? [];
  if (documents.length === 0) return html``;
  return html`<dt>${t.evidence}</dt><dd>${documents.map(
    ({ artifact, kind, url }) =>
      html`<div><a href="${base}${url}">${t.documents[kind] ?? kind}</a> <span class="soft">${artifact}</span></div>`,
  )}</dd>`;
}
