/** Where a visitor's own browser checks a file: the form, and what the script finds its way by. All the rest is the script's (packages/console/src/verify). */
import type { RootSet } from '@signpost/protocol/updates/trust-list';
import { html } from 'hono/html';
import type { ProjectRow } from '../../projects/store.ts';
import { formatSize } from './amounts.ts';
import { type Html, nameOf, renderPage, type Visit, viewPath } from './frame.ts';
import type { PastFile } from './store.ts';
import type { Texts } from './texts.en.ts';
import { textsOf } from './texts.ts';

/** What the page shows. */
export interface VerifyPage {
  readonly project: ProjectRow;
  /** What was published, by our word. */
  readonly files: readonly PastFile[];
  /** The roots in force; undefined while there are none. */
  readonly roots: RootSet | undefined;
  /** Those that were pinned first, and may be the ones that a visitor was told. */
  readonly firstRoots: RootSet | undefined;
  /** Where the script is; undefined where it is not built. */
  readonly script: string | undefined;
}

/** The page. */
export function renderVerifyPage(page: VerifyPage, visit: Visit): Html {
  const { project, files, script } = page;
  const { preference } = visit;
  const t = textsOf(preference.language);
  const heading = nameOf(project, preference);
  const commands = html`<a href="${viewPath(project.slug, 'commands', visit)}">${t.commands}</a>`;
  return renderPage(
    {
      title: `${t.verify} – ${heading.text}`,
      heading,
      project: { slug: project.slug, view: 'verify' },
      script,
      body: html`${
        script === undefined
          ? html`<p class="notice">${t.notBuilt} ${commands}</p>`
          : html`<noscript><p class="notice">${t.noScript} ${commands}</p></noscript>${renderForm(page, t)}`
      }<details class="sheet"><summary>${t.publishedFiles}</summary><div class="stack"><p class="soft">${t.publishedHint}</p>${
        files.length === 0 ? html`<p class="soft">${t.noReleases}</p>` : renderTable(files, visit, t)
      }</div></details>`,
    },
    visit,
  );
}

/** Hidden until the script takes it up. Keys are shown for their digests to be found, not to be believed. */
function renderForm({ files, roots, firstRoots }: VerifyPage, t: Texts): Html {
  const active = files.filter(({ state }) => state === 'active').map(({ channel }) => channel);
  const list = (words: readonly string[]) => [...new Set(words)].join(' ');
  const keys = (set: RootSet | undefined) => set?.keys.map(({ pubkeyB64 }) => pubkeyB64) ?? [];
  return html`<section class="sheet" id="check" data-channels="${list(active)}" data-roots="${list([...keys(roots), ...keys(firstRoots)])}"
data-roots-in-force="${list(keys(roots))}" data-threshold="${roots?.threshold ?? 1}" aria-labelledby="verify" hidden>
<h2 id="verify">${t.verify}</h2><p>${t.verifyIntroPage}</p><p class="notice">${t.verifyCaution}</p>
<div class="field"><label for="root">${t.rootField}</label><p class="soft small" id="root-hint">${t.rootFieldHint}</p>
<textarea id="root" rows="2" spellcheck="false" autocomplete="off" autocapitalize="off" aria-describedby="root-hint"></textarea></div>
<div class="field" id="threshold-part" hidden><label for="threshold">${t.thresholdField}</label><p class="soft small" id="threshold-hint">${t.thresholdHint}</p>
<input type="number" id="threshold" min="1" max="16" aria-describedby="threshold-hint"></div>
<label class="drop" id="drop"><span>${t.dropHere}</span><span class="soft small">${t.dropHint}</span><input type="file" id="file"></label>
<div id="outcome" aria-live="polite"></div></section>`;
}

function renderTable(files: readonly PastFile[], { preference: { language } }: Visit, t: Texts): Html {
  return html`<table id="published"><thead><tr><th scope="col">${t.file}</th><th scope="col">${t.version}</th><th scope="col">${t.digest}</th></tr></thead><tbody>${files.map(
    ({ name, version, channel, state, sha256, size_bytes: size }) =>
      html`<tr data-sha256="${sha256}" data-name="${name}" data-version="${version}" data-state="${state}"><td>${name} <span class="soft small">${formatSize(size, language)}</span></td>
<td>${version} <span class="badge">${channel}</span>${renderState(state, t)}</td><td><code>${sha256}</code></td></tr>`,
  )}</tbody></table>`;
}

function renderState(state: PastFile['state'], t: Texts): Html {
  if (state === 'active') return html` <span class="badge good">${t.inService}</span>`;
  if (state === 'superseded') return html``;
  return html` <span class="badge attention">${state === 'quarantined' ? t.quarantined : t.withdrawn}</span>`;
}
