/** What every public page has around it: title, name, views, languages, and what the page is worth. */
import { html, raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { type Language, languages, type PickedText, type Preference, pickText } from './language.ts';
import { pageStyle } from './style.ts';
import type { Texts } from './texts.en.ts';
import { textsOf } from './texts.ts';

/** A part of a page: what stands in it is escaped. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** Where and for whom a page is made. */
export interface Visit {
  readonly preference: Preference;
  /** How commands reach the organisation: scheme, host and prefix, without a slash at the end. */
  readonly base: string;
  /** The organisation's part of the path; empty for the default one. */
  readonly prefix: string;
  readonly organisation: string;
  /** Whether the organisation lists its projects. */
  readonly isListed: boolean;
}

/** The pages of a project, as they stand in the path below its slug. */
export type View = 'info' | 'changelog' | 'commands' | 'verify';

/** A page. */
export interface Page {
  /** What the window is called, after the heading. */
  readonly title: string;
  readonly heading: PickedText;
  readonly lead?: PickedText | undefined;
  /** Absent: the page is of the organisation. */
  readonly project?: { readonly slug: string; readonly view: View };
  readonly body: Html;
  /** The address of the one script that a page may have. */
  readonly script?: string | undefined;
  /** Further languages in which texts of the page can be had. */
  readonly locales?: readonly string[];
}

/** The document. */
export function renderPage(page: Page, visit: Visit): Html {
  const { language } = visit.preference;
  const t = textsOf(language);
  const { heading, lead } = page;
  return html`<!doctype html><html lang="${language}"><head><meta charset="utf-8"><title>${page.title}</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer"><style>${raw(pageStyle)}</style>${
    page.script === undefined ? '' : html`<script type="module" src="${page.script}"></script>`
  }</head><body>
<header class="top"><div class="inner">${renderBrand(visit)}${renderLanguages(page, visit, t)}</div></header>
<main><div><h1 lang="${heading.locale}" dir="auto">${heading.text}</h1>${
    lead ? html`<p class="lead" lang="${lead.locale}" dir="auto">${lead.text}</p>` : ''
  }</div>
${page.project ? renderViews(page.project, visit, t) : ''}
${page.body}</main><footer><p>${t.servedBy}</p></footer></body></html>`;
}

/** The name of a project in the language that the visitor would rather read, or its slug. */
export function nameOf(
  project: { readonly slug: string; readonly name: string; readonly primary_locale: string },
  preference: Preference,
): PickedText {
  return pickText(project.name, preference, project.primary_locale) ?? { text: project.slug, locale: 'en' };
}

/** The path of a page of a project. */
export function viewPath(slug: string, view: View, { prefix, preference }: Visit): string {
  return withQuery(`${prefix}/${slug}/info${view === 'info' ? '' : `/${view}`}`, { lang: preference.chosen });
}

/** `path` with those members of `query` that have a value. */
export function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}

function renderBrand({ organisation, isListed, prefix, preference }: Visit): Html {
  const mark = html`<svg viewBox="0 0 32 32" aria-hidden="true"><path d="M14 2h4v28h-4z" class="post"></path><path d="M5 5h17l6 5-6 5H5z" class="boards"></path><path d="M27 17H13l-6 4 6 4h14z" class="flag"></path></svg><bdi>${organisation}</bdi>`;
  if (!isListed) return html`<span class="brand">${mark}</span>`;
  return html`<a class="brand" href="${withQuery(`${prefix}/info`, { lang: preference.chosen })}">${mark}</a>`;
}

function renderLanguages({ locales = [] }: Page, { preference: { language } }: Visit, t: Texts): Html {
  const others = locales.filter((locale) => !languages.some((own) => own === locale));
  return html`<nav aria-label="${t.languages}"><ul class="languages">${languages.map((each) =>
    each === language
      ? html`<li aria-current="true">${textsOf(each).languageName}</li>`
      : html`<li><a href="?lang=${each}" lang="${each}" hreflang="${each}">${textsOf(each).languageName}</a></li>`,
  )}${others.map(
    (locale) =>
      html`<li><a href="?lang=${locale}" hreflang="${locale}">${t.textsIn} ${nameLanguage(locale, language)}</a></li>`,
  )}</ul></nav>`;
}

function renderViews({ slug, view }: NonNullable<Page['project']>, visit: Visit, t: Texts): Html {
  const views = ['info', 'changelog', 'verify', 'commands'] as const;
  return html`<nav class="views" aria-label="${t.views}"><ul>${views.map(
    (each) =>
      html`<li><a href="${viewPath(slug, each, visit)}"${each === view ? raw(' aria-current="page"') : ''}>${t[each]}</a></li>`,
  )}</ul></nav>`;
}

/** A locale as people call it; an odd one as it is. */
function nameLanguage(locale: string, language: Language): string {
  // What is shaped like a tag and is none (RFC 5646, 2.1) is a RangeError.
  try {
    return new Intl.DisplayNames(language, { type: 'language' }).of(locale) ?? locale;
  } catch {
    return locale;
  }
}
