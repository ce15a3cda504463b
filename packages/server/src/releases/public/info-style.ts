/** The look of a project's page: the reader's own font and colours, nothing from elsewhere. */
import { createHash } from 'node:crypto';

/** The page's only style. */
export const infoStyle = `
:root {
  color-scheme: light dark;
  --ink: #17212b; --soft: #5a6976; --line: #dfe5ea; --ground: #f4f6f8; --card: #fff;
  --accent: #14548c; --on-accent: #fff; --good: #14672f; --good-ground: #e2f3e7; --warn: #7d4a00; --warn-ground: #fbeed9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e4eaef; --soft: #98a7b4; --line: #2b3843; --ground: #10171d; --card: #18222a;
    --accent: #8cc4f5; --on-accent: #0c1b28; --good: #86dba0; --good-ground: #173324; --warn: #f2bf72; --warn-ground: #3a2b12;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.6 system-ui, sans-serif; }
main { max-width: 48rem; margin: 0 auto; padding: clamp(1.5rem, 6vw, 4rem) 1.25rem; }
h1 { margin: 0; font-size: clamp(1.9rem, 6vw, 2.6rem); line-height: 1.15; letter-spacing: -.02em; overflow-wrap: anywhere; }
h2 { margin: 3rem 0 1rem; font-size: 1.25rem; letter-spacing: -.01em; }
h3 { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .6rem; margin: 0; font-size: 1.1rem; }
a { color: var(--accent); text-underline-offset: .18em; }
a:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; border-radius: 4px; }
code, pre { font: .85em/1.6 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { margin: 0; padding: .9rem 1rem; white-space: pre-wrap; background: var(--ground); border-radius: 8px; }
.lead { margin: .6rem 0 0; color: var(--soft); font-size: 1.1rem; overflow-wrap: anywhere; }
.soft { color: var(--soft); font-weight: 400; }
.card { margin: 1.25rem 0 0; padding: clamp(1.1rem, 4vw, 1.75rem); background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
.card > :first-child { margin-top: 0; }
.head { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: 1rem; }
.version { font-size: 1.5rem; font-weight: 650; overflow-wrap: anywhere; }
.pill { padding: .05rem .6rem; border-radius: 99px; font-size: .8rem; font-weight: 600; background: var(--ground); color: var(--soft); }
.good { color: var(--good); background: var(--good-ground); }
.warn { color: var(--warn); background: var(--warn-ground); }
.get { padding: .6rem 1.3rem; border-radius: 8px; background: var(--accent); color: var(--on-accent); font-weight: 600; text-decoration: none; }
.files { margin: 1.1rem 0 0; padding: 0; list-style: none; border-top: 1px solid var(--line); }
.files li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; padding: .5rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.files li:last-child { border-bottom: 0; }
article .files li:last-child { padding-bottom: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1.5rem; margin: 1.25rem 0 0; font-size: .95rem; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.notes { overflow-wrap: anywhere; }
.notes :is(h1, h2, h3, h4, h5, h6) { display: block; margin: 1rem 0 .3rem; font-size: 1rem; letter-spacing: 0; }
.notes > :first-child { margin-top: .75rem; }
.notes > :last-child { margin-bottom: 0; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .6rem; } }
`;

/** The hash of the style, for the page's content security policy. */
export const infoStyleHash: string = `sha256-${createHash('sha256').update(infoStyle).digest('base64')}`;
