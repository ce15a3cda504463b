/** The public page of a project: what is offered, how it was checked, how to verify it. No script. */
import { createHash } from 'node:crypto';
import type { LocaleMap } from '@signpost/protocol/updates/manifest';
import type { VerifiedManifest } from '@signpost/protocol/updates/verify-manifest';
import { html, raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { fileUrl } from '../lifecycle/file-url.ts';
import type { ArtifactRow, ReleaseRow } from '../lifecycle/store.ts';
import type { ProjectRow } from '../projects/store.ts';
import { renderMarkdown } from './markdown.ts';

const style = `
:root{color-scheme:light dark;--ink:#1c2429;--soft:#5b6870;--line:#d5dbdf;--ground:#fbfcfc;--good:#1b6e32;--warn:#8a5300}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaec;--soft:#9aa7ae;--line:#37434a;--ground:#161c20;--good:#7fd197;--warn:#f0b860}}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:46rem;margin:0 auto;padding:2.5rem 1.25rem}h1{margin:0 0 .25rem;font-size:1.9rem}h2{margin:2.25rem 0 .75rem;font-size:1.15rem}
p.soft,.soft{color:var(--soft)}dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1.25rem;margin:0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
code,pre{font:.86rem/1.5 ui-monospace,monospace}pre{overflow:auto;padding:.9rem 1rem;border:1px solid var(--line);border-radius:6px}
.good{color:var(--good)}.warn{color:var(--warn)}article{border-top:1px solid var(--line);padding:.9rem 0}article h3{margin:0;font-size:1rem}
a{color:inherit}a.get{display:inline-block;margin:1rem 0;padding:.55rem 1.1rem;border:1px solid currentColor;border-radius:6px;text-decoration:none;font-weight:600}
`;

/** The hash of the page's style, for its content security policy. */
export const infoStyleHash: string = `sha256-${createHash('sha256').update(style).digest('base64')}`;

/** What the page shows. Everything but the rendered changelog is escaped. */
export interface InfoPage {
  readonly project: ProjectRow;
  readonly manifest: VerifiedManifest | undefined;
  readonly releases: readonly ReleaseRow[];
  readonly artifacts: readonly ArtifactRow[];
  /** Without a trailing slash. */
  readonly base: string;
}

/** The page. */
export function renderInfoPage(page: InfoPage): HtmlEscapedString | Promise<HtmlEscapedString> {
  const { project, manifest, releases } = page;
  const title = pickText(project.name, project.primary_locale) ?? project.slug;
  return html`<!doctype html><html lang="${project.primary_locale}"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>${raw(style)}</style></head><body><main>
<h1>${title}</h1><p class="soft">${pickText(project.description, project.primary_locale) ?? ''}</p>
${manifest ? renderManifest(manifest, page) : html`<p>No release is in service at present.</p>`}
<h2>Releases</h2>${releases.length === 0 ? html`<p class="soft">None has been published yet.</p>` : releases.map((release) => renderRelease(release, page))}
</main></body></html>`;
}

function renderManifest(manifest: VerifiedManifest, { project, base }: InfoPage) {
  const { scan } = manifest;
  const scanned =
    scan?.status === 'clean'
      ? html`<span class="good">clean</span>, ${scan.engine ?? 'scanner'} ${scan.engineVersion ?? ''}${scan.scannedAt === undefined ? '' : `, ${day(scan.scannedAt)}`}`
      : html`<span class="warn">not scanned</span>`;
  return html`<a class="get" href="${base}${manifest.main.url}">Download ${manifest.version}</a>
<dl><dt>Version</dt><dd>${manifest.version}, signed ${day(manifest.signedAt)}</dd><dt>Size</dt><dd>${manifest.main.sizeBytes} bytes</dd>
<dt>SHA-256</dt><dd><code>${manifest.main.sha256}</code></dd><dt>Malware scan</dt><dd>${scanned}</dd>
<dt>Signed by</dt><dd>${manifest.signers.map((id) => html`<code>${id.slice(0, 16)}…</code> `)}</dd></dl>
<h2>Verify it yourself</h2><p class="soft">Get the root key from the maker of this software by another way than this page.</p>
<pre>signpost verify FILE --server ${base} --project ${project.slug} --root ROOT_KEY</pre>`;
}

function renderRelease(release: ReleaseRow, { project, artifacts, base }: InfoPage) {
  const changelog = pickText(release.changelog, project.primary_locale);
  const files = artifacts.filter(({ release_id }) => release_id === release.id);
  return html`<article><h3>${release.version} <span class="soft">${release.channel}${release.state === 'active' ? ', in service' : ''}, ${day(release.activated_at ?? release.created_at)}</span></h3>
${changelog === undefined ? '' : raw(renderMarkdown(changelog))}
${files.map((file) => html`<div><a href="${base}${fileUrl(project.slug, release.version, file.name)}">${file.name}</a> <span class="soft">${file.platform}, ${file.size_bytes} bytes</span></div>`)}</article>`;
}

function pickText(mapText: string, locale: string): string | undefined {
  const map = JSON.parse(mapText) as LocaleMap;
  return map[locale] ?? Object.values(map)[0];
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
