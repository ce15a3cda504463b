/** The public page of a project: what is offered, how it was checked, how to verify it. No script. */
import type { LocaleMap } from '@signpost/protocol/updates/manifest';
import type { VerifiedManifest } from '@signpost/protocol/updates/verify-manifest';
import { html, raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { fileUrl } from '../lifecycle/file-url.ts';
import type { ArtifactRow, ReleaseRow } from '../lifecycle/store.ts';
import type { ProjectRow } from '../projects/store.ts';
import { renderEvidence, renderVerdictMark } from './info-evidence.ts';
import { infoStyle } from './info-style.ts';
import { renderMarkdown } from './markdown.ts';

/** What the page shows. Everything but the rendered changelog is escaped. */
export interface InfoPage {
  readonly project: ProjectRow;
  readonly manifest: VerifiedManifest | undefined;
  readonly releases: readonly ReleaseRow[];
  readonly artifacts: readonly ArtifactRow[];
  /** Further facts of the release in service: names and values. */
  readonly facts: readonly (readonly [string, string])[];
  /** Without a trailing slash. */
  readonly base: string;
}

type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** The page. */
export function renderInfoPage(page: InfoPage): Html {
  const { project, manifest, releases } = page;
  const title = pickText(project.name, project.primary_locale) ?? project.slug;
  const lead = pickText(project.description, project.primary_locale);
  return html`<!doctype html><html lang="${project.primary_locale}"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>${raw(infoStyle)}</style></head><body><main>
<h1>${title}</h1>${lead ? html`<p class="lead">${lead}</p>` : ''}
${manifest ? renderManifest(manifest, page) : html`<div class="card">No release is in service at present.</div>`}
<h2>Releases</h2>${releases.length === 0 ? html`<p class="soft">None has been published yet.</p>` : releases.map((release) => renderRelease(release, page))}
</main></body></html>`;
}

function renderManifest(manifest: VerifiedManifest, page: InfoPage): Html {
  const { main, artifacts } = manifest;
  return html`<section class="card">
<div class="head"><div><div class="version">${manifest.version}</div><span class="pill good">signed</span> ${renderScan(manifest)} ${renderVerdictMark(manifest)}</div>
<a class="get" href="${page.base}${main.url}">Download</a></div>
${artifacts.length > 1 ? renderFiles(artifacts, page.base) : ''}
<dl><dt>Signed</dt><dd>${day(manifest.signedAt)}</dd><dt>By</dt><dd>${manifest.signers.map((id) => html`<code>${id.slice(0, 16)}…</code> `)}</dd>
${renderScanFacts(manifest)}<dt>Size</dt><dd>${formatSize(main.sizeBytes)} <span class="soft">(${main.sizeBytes} bytes)</span></dd>
<dt>SHA-256</dt><dd><code>${main.sha256}</code></dd>${page.facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}${renderEvidence(manifest, page.base)}</dl></section>
${renderVerification(page)}`;
}

function renderScan({ scan }: VerifiedManifest): Html {
  return scan?.status === 'clean'
    ? html`<span class="pill good">scanned: clean</span>`
    : html`<span class="pill warn">not scanned</span>`;
}

function renderScanFacts({ scan }: VerifiedManifest): Html {
  if (scan?.status !== 'clean') return html``;
  const when = scan.scannedAt === undefined ? '' : `, ${day(scan.scannedAt)}`;
  return html`<dt>Scanned by</dt><dd>${scan.engine ?? 'a scanner'} ${scan.engineVersion ?? ''}${when}</dd>`;
}

function renderVerification({ base, project }: InfoPage): Html {
  return html`<h2>Verify it yourself</h2><div class="card"><p class="soft">Get the root key from the maker of this software by
another way than this page; then nobody in between can give you another file unnoticed.</p>
<pre>signpost verify FILE --project ${project.slug} --server ${base} --root ROOT_KEY</pre></div>`;
}

function renderRelease(release: ReleaseRow, { project, artifacts, base }: InfoPage): Html {
  const changelog = pickText(release.changelog, project.primary_locale);
  const files = artifacts
    .filter(({ release_id }) => release_id === release.id)
    .map(({ name, platform, size_bytes }) => ({
      ...{ name, platform, sizeBytes: size_bytes },
      url: fileUrl(project.slug, release.version, name),
    }));
  return html`<article class="card"><h3>${release.version} <span class="pill">${release.channel}</span>
${release.state === 'active' ? html`<span class="pill good">in service</span>` : ''} <span class="soft">${day(release.activated_at ?? release.created_at)}</span></h3>
${changelog === undefined ? '' : html`<div class="notes">${raw(renderMarkdown(changelog))}</div>`}
${renderFiles(files, base)}</article>`;
}

function renderFiles(
  files: readonly { name: string; platform: string; sizeBytes: number; url: string }[],
  base: string,
): Html {
  return html`<ul class="files">${files.map(
    (file) => html`<li><a href="${base}${file.url}">${file.name}</a>
<span class="soft">${file.platform === 'any' ? '' : `${file.platform}, `}${formatSize(file.sizeBytes)}</span></li>`,
  )}</ul>`;
}

/** Sizes with binary prefixes, as operating systems show them. */
function formatSize(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  if (bytes < 1024) return `${bytes} bytes`;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), units.length);
  return `${(bytes / 1024 ** power).toFixed(1)} ${units[power - 1]}`;
}

function pickText(mapText: string, locale: string): string | undefined {
  const map = JSON.parse(mapText) as LocaleMap;
  return map[locale] ?? Object.values(map)[0];
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
