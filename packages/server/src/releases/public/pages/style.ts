/** The look of the public pages: the console's tokens (a test compares them), the reader's own fonts, nothing from elsewhere. */
import { createHash } from 'node:crypto';

/** The style of every public page. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#f7f7f4, #101413);
  --surface: light-dark(#ffffff, #171c1b);
  --sunken: light-dark(#efefea, #0b0f0e);
  --rule: light-dark(#d9dad3, #2c3533);
  --rule-strong: light-dark(#85897f, #6b7773);
  --ink: light-dark(#171c1a, #e9eeeb);
  --ink-soft: light-dark(#525a55, #a3aeaa);
  --board: light-dark(#0b5c53, #0f6b60);
  --board-hover: light-dark(#084a43, #138073);
  --board-ink: #ffffff;
  --accent: light-dark(#0b5c53, #6fd3c3);
  --accent-tint: light-dark(#e2efec, #14312d);
  --signal: #f2b705;
  --signal-ink: light-dark(#6b4a00, #f6cf5a);
  --signal-tint: light-dark(#fdf3d3, #322708);
  --danger-ink: light-dark(#a31f18, #ff9a90);
  --danger-tint: light-dark(#fbe9e7, #3a1614);
  --good-ink: light-dark(#17643a, #7bd39c);
  --good-tint: light-dark(#e4f2e8, #12301f);
  --step-half: 0.25rem;
  --step: 0.5rem;
  --step-2: 1rem;
  --step-3: 1.5rem;
  --step-4: 2rem;
  --text-small: 0.8125rem;
  --text: 0.9375rem;
  --text-large: 1.125rem;
  --text-title: 1.625rem;
  --line: 1.55;
  --measure: 68ch;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "Liberation Mono", "DejaVu Sans Mono", monospace;
  --radius: 6px;
  --border: 1px solid var(--rule);
  --focus: 2px solid var(--accent);
  --point: 0.75rem;
  --board-shape: polygon(0 0, calc(100% - var(--point)) 0, 100% 50%, calc(100% - var(--point)) 100%, 0 100%);
}
*, *::before, *::after { box-sizing: border-box; }
html { font: var(--text) / var(--line) var(--sans); background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%; }
body { margin: 0; overflow-wrap: anywhere; }
h1, h2, h3, p, dl, dd, ul, ol, pre { margin: 0; padding: 0; }
h1 { font-size: var(--text-title); font-weight: 650; line-height: 1.2; letter-spacing: -0.015em; text-wrap: balance; }
h2 { font-size: var(--text-large); font-weight: 650; line-height: 1.3; }
h3 { font-size: var(--text); font-weight: 650; }
p { max-width: var(--measure); }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: 0.2em; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: var(--focus); outline-offset: 2px; }
code, pre { font-family: var(--mono); font-size: 0.9em; }
[hidden] { display: none !important; }
.top { border-bottom: var(--border); background: var(--surface); }
.inner { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: var(--step) var(--step-2); max-width: 56rem; margin: 0 auto; padding: 0.75rem var(--step-2); }
.brand { display: flex; align-items: center; gap: var(--step); min-width: 0; font-weight: 650; color: inherit; text-decoration: none; }
.brand svg { flex: none; width: 1.75rem; height: 1.75rem; }
.post { fill: var(--rule-strong); }
.boards { fill: var(--board); }
.flag { fill: var(--signal); }
.languages, .views ul, .rows { list-style: none; }
.languages { display: flex; gap: var(--step-2); font-size: var(--text-small); }
main { display: grid; grid-template-columns: minmax(0, 1fr); gap: var(--step-3); max-width: 56rem; margin: 0 auto; padding: var(--step-4) var(--step-2); }
footer { max-width: 56rem; margin: 0 auto; padding: 0 var(--step-2) var(--step-4); font-size: var(--text-small); color: var(--ink-soft); }
.lead { margin-top: var(--step); color: var(--ink-soft); font-size: var(--text-large); }
.views ul { display: flex; flex-wrap: wrap; gap: 0 var(--step-3); border-bottom: var(--border); }
.views a { display: block; padding: var(--step) 0; border-bottom: 3px solid transparent; color: var(--ink-soft); font-weight: 600; text-decoration: none; }
.views a:hover { color: var(--ink); border-color: var(--rule-strong); }
.views [aria-current] { color: var(--ink); border-color: var(--board); }
.sheet, .stack { display: grid; grid-template-columns: minmax(0, 1fr); gap: var(--step-2); }
.sheet { padding: var(--step-3); border: var(--border); border-radius: var(--radius); background: var(--surface); }
.head, .row { display: flex; flex-wrap: wrap; align-items: center; gap: var(--step) var(--step-2); }
.head { justify-content: space-between; }
.row { gap: var(--step-half) var(--step); }
.version { font-size: var(--text-title); font-weight: 650; line-height: 1.2; }
.soft { color: var(--ink-soft); font-weight: 400; }
.small { font-size: var(--text-small); }
.badge { display: inline-block; padding: 0.1rem 0.5rem; border: 1px solid var(--rule-strong); border-radius: 4px; font-size: var(--text-small); font-weight: 600; line-height: 1.4; color: var(--ink-soft); }
.good, .attention, .bad { border-color: transparent; }
.good { background: var(--good-tint); color: var(--good-ink); }
.attention { background: var(--signal-tint); color: var(--signal-ink); }
.bad { background: var(--danger-tint); color: var(--danger-ink); }
.board { display: inline-flex; align-items: center; min-height: 2.5rem; padding: 0 calc(var(--step-2) + var(--point)) 0 var(--step-2); border: 0; border-radius: 4px 0 0 4px; background: var(--board); color: var(--board-ink); font: inherit; font-weight: 600; text-decoration: none; cursor: pointer; clip-path: var(--board-shape); }
.board:hover { background: var(--board-hover); }
.board:focus-visible { outline: 2px solid var(--board-ink); outline-offset: -4px; }
dl { display: grid; grid-template-columns: minmax(9rem, max-content) minmax(0, 1fr); gap: var(--step) var(--step-3); }
dt { color: var(--ink-soft); }
dd > * + * { margin-top: var(--step-half); }
.rows > li { padding: var(--step) 0; border-top: var(--border); }
.rows > li:first-child { border-top: 0; }
.rows > .stack { padding: var(--step-2) 0; }
.rows > li:last-child { padding-bottom: 0; }
.notes { display: grid; grid-template-columns: minmax(0, 1fr); gap: var(--step); max-width: var(--measure); }
.notes :is(h1, h2, h3, h4, h5, h6) { margin: 0; font-size: var(--text); line-height: var(--line); letter-spacing: 0; }
.notes :is(ul, ol, blockquote) { margin: 0; padding-left: var(--step-3); }
.notes table { display: block; overflow-x: auto; }
.notice { padding: 0.75rem var(--step-2); border-left: 4px solid var(--signal); border-radius: var(--radius); background: var(--signal-tint); color: var(--signal-ink); }
pre { padding: 0.75rem var(--step-2); border: var(--border); border-radius: var(--radius); background: var(--sunken); overflow-x: auto; overflow-wrap: normal; }
pre:focus-visible { outline-offset: -2px; }
.field, label { display: grid; gap: var(--step-half); }
label { font-weight: 600; }
input, textarea { width: 100%; padding: var(--step); border: 1px solid var(--rule-strong); border-radius: var(--radius); background: var(--surface); color: var(--ink); font: 0.9em/1.5 var(--mono); }
input[type="number"] { width: 7rem; }
.drop { position: relative; padding: var(--step-4) var(--step-2); border: 2px dashed var(--rule-strong); border-radius: var(--radius); text-align: center; cursor: pointer; }
.drop:hover, .drop.over { border-color: var(--accent); background: var(--accent-tint); }
.drop:focus-within { outline: var(--focus); outline-offset: 2px; }
.drop input { position: absolute; inset: 0; opacity: 0; cursor: pointer; }
progress { width: 100%; accent-color: var(--board); }
.points { display: grid; gap: var(--step); padding-left: 1.75rem; list-style: none; }
.points li { position: relative; }
.points li::before { position: absolute; left: -1.75rem; width: 1.25rem; text-align: center; font-weight: 700; }
.proven li::before { content: "\\2713"; color: var(--good-ink); }
.unproven li::before { content: "?"; color: var(--signal-ink); }
.outcome { padding-left: var(--step-2); border-left: 6px solid var(--rule-strong); }
.outcome > h3:first-child { font-size: var(--text-large); }
.outcome.yes { border-color: var(--good-ink); }
.outcome.no { border-color: var(--danger-ink); }
.outcome.maybe { border-color: var(--signal); }
table { width: 100%; border-collapse: collapse; }
th, td { padding: var(--step) var(--step) var(--step) 0; border-top: var(--border); text-align: left; vertical-align: top; }
thead th { border-top: 0; color: var(--ink-soft); font-size: var(--text-small); }
summary { font-weight: 600; cursor: pointer; }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 40rem) {
  .sheet { padding: var(--step-2); }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: 0.75rem; }
  table, tbody, tr, td { display: block; }
  thead { position: absolute; clip-path: inset(50%); }
  td { padding: 0; border: 0; }
  tr { padding: var(--step) 0; border-top: var(--border); }
}
`;

/** The hash of the style, for the content security policy. */
export const pageStyleHash: string = `sha256-${createHash('sha256').update(pageStyle).digest('base64')}`;
