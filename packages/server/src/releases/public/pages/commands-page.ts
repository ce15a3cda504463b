/** How to verify a release by commands: which roots to compare, and what to copy. */
import { findProjectRule } from '@signpost/protocol/updates/trust-list';
import { html } from 'hono/html';
import type { ProjectRow } from '../../projects/store.ts';
import {
  type Target,
  writeBundle,
  writeDigest,
  writeDownload,
  writeOpenssl,
  writeVerifiedDownload,
  writeVerify,
} from './commands.ts';
import type { ReleaseFacts } from './facts.ts';
import { type Html, nameOf, renderPage, type Visit, viewPath } from './frame.ts';
import type { Texts } from './texts.en.ts';
import { textsOf } from './texts.ts';

/** What the page shows. */
export interface CommandsPage {
  readonly project: ProjectRow;
  /** Undefined while nothing is in service. */
  readonly facts: Pick<ReleaseFacts, 'manifest' | 'trust'> | undefined;
}

/** The page. */
export function renderCommandsPage({ project, facts }: CommandsPage, visit: Visit): Html {
  const { preference } = visit;
  const t = textsOf(preference.language);
  const heading = nameOf(project, preference);
  return renderPage(
    {
      title: `${t.commands} – ${heading.text}`,
      heading,
      project: { slug: project.slug, view: 'commands' },
      body: html`<p class="notice">${t.commandsIntro}</p>${
        facts ? renderChain(facts, { visit, t }) : html`<p>${t.noReleaseInService} ${t.noReleaseHint}</p>`
      }`,
    },
    visit,
  );
}

function renderChain(
  { manifest, trust }: Pick<ReleaseFacts, 'manifest' | 'trust'>,
  { visit, t }: { readonly visit: Visit; readonly t: Texts },
): Html {
  const { rootsInForce: roots } = trust;
  const file = manifest.artifacts.find(({ url }) => url === manifest.main.url) ?? { ...manifest.main, name: 'FILE' };
  const target: Target = { base: visit.base, slug: manifest.project, channel: manifest.channel, file };
  const [root] = roots.keys;
  const bundle = manifest.evidence?.documents.find(({ kind, artifact }) => kind === 'bundle' && artifact === file.name);
  // It judges by one root and one key: where more is demanded, it would say yes too early.
  const isPlain = roots.keys.length === 1 && findProjectRule(trust, manifest.project).approvals === 0;
  return html`<section class="sheet" aria-labelledby="roots"><h2 id="roots">1. ${t.step1}</h2><p>${t.rootsShown(roots.threshold, roots.keys.length)}</p>
<dl>${roots.keys.map(
    ({ keyId, pubkeyB64 }) =>
      html`<dt>${t.rootDigest}</dt><dd><code>${keyId}</code></dd><dt>${t.rootKey}</dt><dd><code>${pubkeyB64}</code></dd>`,
  )}</dl></section>
<section class="sheet" aria-labelledby="download"><h2 id="download">2. ${t.step2}: ${manifest.version}</h2>
<h3>${t.withSignpost}</h3><p>${t.withSignpostHint}</p>${renderCommand(writeVerifiedDownload(target, roots))}
<h3>${t.downloadFirst}</h3>${renderCommand(writeDownload(target))}<p>${t.thenVerify}</p>${renderCommand(writeVerify(target, roots))}
<p><a href="${viewPath(manifest.project, 'verify', visit)}">${t.checkInBrowser}</a></p>${
    bundle
      ? html`<h3>${t.withBundle}</h3><p>${t.withBundleHint}</p>${renderCommand(writeBundle(target, bundle.url))}`
      : ''
  }${
    isPlain && root
      ? html`<h3>${t.withOpenssl}</h3><p>${t.withOpensslHint}</p>${renderCommand(writeOpenssl(target, root.pubkeyB64))}`
      : ''
  }${renderDigests(target, t)}</section>`;
}

function renderDigests({ file }: Target, t: Texts): Html {
  const commands = writeDigest(file);
  return html`<h3>${t.onlyDigest}</h3><p>${t.onlyDigestHint}</p>${(['linux', 'mac', 'windows'] as const).map(
    (system) => html`<p class="small soft">${t[system]}</p>${renderCommand(commands[system])}`,
  )}`;
}

/** What scrolls must be reachable by keyboard. */
function renderCommand(text: string): Html {
  return html`<pre tabindex="0">${text}</pre>`;
}
