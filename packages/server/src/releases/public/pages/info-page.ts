/** The page of a project: what is in service, how it was checked, where to get it, what came before. */
import type { VerifiedManifest } from '@signpost/protocol/updates/verify-manifest';
import { html, raw } from 'hono/html';
import { fileUrl } from '../../lifecycle/file-url.ts';
import type { ArtifactRow, ReleaseRow } from '../../lifecycle/store.ts';
import type { ProjectRow } from '../../projects/store.ts';
import { renderMarkdown } from '../markdown.ts';
import { formatCount, formatDay, formatSize } from './amounts.ts';
import type { ReleaseFacts } from './facts.ts';
import { type Html, nameOf, renderPage, type Visit, viewPath } from './frame.ts';
import { pickText } from './language.ts';
import { renderFacts, type Wording } from './release-facts.ts';
import { textsOf } from './texts.ts';

/** What the page shows. Everything but the rendered changelog is escaped. */
export interface InfoPage {
  readonly project: ProjectRow;
  /** Undefined while nothing is in service. */
  readonly facts: ReleaseFacts | undefined;
  /** The newest ones, with their files. */
  readonly releases: readonly ReleaseRow[];
  readonly artifacts: readonly ArtifactRow[];
}

interface ListedFile {
  readonly name: string;
  readonly platform: string;
  readonly sizeBytes: number;
  readonly url: string;
}

/** The page. */
export function renderInfoPage(page: InfoPage, visit: Visit): Html {
  const { project, facts, releases } = page;
  const { preference } = visit;
  const { language } = preference;
  const wording: Wording = { t: textsOf(language), language, base: visit.base };
  const { t } = wording;
  const heading = nameOf(project, preference);
  return renderPage(
    {
      title: facts ? `${heading.text} ${facts.manifest.version}` : heading.text,
      heading,
      lead: pickText(project.description, preference, project.primary_locale),
      project: { slug: project.slug, view: 'info' },
      body: html`${facts ? renderRelease(facts.manifest, wording) : renderNothing(wording)}
${facts ? renderFacts(facts, wording) : ''}
${facts ? renderVerification(facts, visit, wording) : ''}
<section class="sheet" aria-labelledby="releases"><h2 id="releases">${t.releases}</h2>${
        releases.length === 0
          ? html`<p class="soft">${t.noReleases}</p>`
          : html`<ul class="rows">${releases.map((release) => renderOne(release, page, { visit, wording }))}</ul>
<p><a href="${viewPath(project.slug, 'changelog', visit)}">${t.wholeChangelog}</a></p>`
      }</section>`,
    },
    visit,
  );
}

function renderRelease(manifest: VerifiedManifest, { t, language, base }: Wording): Html {
  const { main, artifacts } = manifest;
  return html`<section class="sheet" aria-labelledby="version"><div class="head"><div class="stack"><h2 class="version" id="version">${manifest.version}</h2>
<div class="row"><span class="badge good">${t.signed}</span> ${renderMarks(manifest, t)}</div></div>
<a class="board" href="${base}${main.url}">${t.download}</a></div>
${artifacts.length > 1 ? renderFiles(artifacts, { t, language, base }) : ''}
<dl><dt>${t.signedOn}</dt><dd>${formatDay(manifest.signedAt, language)}</dd>${
    manifest.expiresAt === undefined
      ? ''
      : html`<dt>${t.validUntil}</dt><dd>${formatDay(manifest.expiresAt, language)}</dd>`
  }<dt>${t.size}</dt><dd>${formatSize(main.sizeBytes, language)} <span class="soft">(${t.bytes(formatCount(main.sizeBytes, language))})</span></dd>
<dt>${t.digest}</dt><dd><code>${main.sha256}</code></dd></dl></section>`;
}

function renderNothing({ t }: Wording): Html {
  return html`<section class="sheet"><h2>${t.noReleaseInService}</h2><p class="soft">${t.noReleaseHint}</p></section>`;
}

function renderMarks({ scan, evidence }: VerifiedManifest, t: Wording['t']): Html {
  const verdict = evidence?.verdict?.result;
  const policy = verdict && { passed: t.policyMet, waived: t.policyWaived, denied: t.policyUnmet }[verdict];
  return html`${
    scan?.status === 'clean'
      ? html`<span class="badge good">${t.scannedClean}</span>`
      : html`<span class="badge attention">${t.notScanned}</span>`
  } ${policy === undefined ? '' : html`<span class="badge ${verdict === 'passed' ? 'good' : 'attention'}">${policy}</span>`}`;
}

function renderVerification({ manifest, trust }: ReleaseFacts, visit: Visit, { t }: Wording): Html {
  const { project } = manifest;
  const threshold = trust.rootsInForce.threshold > 1 ? ` --threshold ${trust.rootsInForce.threshold}` : '';
  return html`<section class="sheet" aria-labelledby="yourself"><h2 id="yourself">${t.verifyYourself}</h2><p>${t.verifyIntro}</p>
<pre tabindex="0">signpost verify FILE --project ${project} --server ${visit.base} --root ROOT_KEY${threshold}</pre>
<p><a href="${viewPath(project, 'commands', visit)}">${t.moreCommands}</a></p><p><a href="${viewPath(project, 'verify', visit)}">${t.checkInBrowser}</a></p></section>`;
}

function renderOne(
  release: ReleaseRow,
  { project, artifacts }: InfoPage,
  { visit: { preference }, wording }: { readonly visit: Visit; readonly wording: Wording },
): Html {
  const { t, language } = wording;
  const changelog = pickText(release.changelog, preference, project.primary_locale);
  const files = artifacts
    .filter(({ release_id }) => release_id === release.id)
    .map(({ name, platform, size_bytes }) => ({
      ...{ name, platform, sizeBytes: size_bytes },
      url: fileUrl(project.slug, release.version, name),
    }));
  return html`<li class="stack"><div class="row"><h3>${release.version}</h3><span class="badge">${release.channel}</span>${
    release.state === 'active' ? html`<span class="badge good">${t.inService}</span>` : ''
  }<span class="soft">${formatDay(release.activated_at ?? release.created_at, language)}</span></div>${
    changelog === undefined
      ? ''
      : html`<div class="notes" lang="${changelog.locale}" dir="auto">${raw(renderMarkdown(changelog.text))}</div>`
  }${renderFiles(files, wording)}</li>`;
}

function renderFiles(files: readonly ListedFile[], { language, base }: Wording): Html {
  return html`<ul class="rows">${files.map(
    (file) => html`<li class="row"><a href="${base}${file.url}">${file.name}</a>
<span class="soft">${file.platform === 'any' ? '' : `${file.platform}, `}${formatSize(file.sizeBytes, language)}</span></li>`,
  )}</ul>`;
}
