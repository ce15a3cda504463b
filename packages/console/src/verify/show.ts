/** Puts outcomes into the page, as text alone: the policy of the page takes no markup from a script. */
import type { Locale } from '../language/message.ts';
import { formatSize } from '../language/moments.ts';
import type { DigestedFile } from './check-file.ts';
import type { Say, Wording } from './wording.ts';

/** Shows how far reading is. */
export function showProgress(
  place: HTMLElement,
  {
    file,
    done,
    say,
    locale,
  }: { readonly file: File; readonly done: number; readonly say: Say; readonly locale: Locale },
): void {
  const standing = place.querySelector('progress');
  const bar = standing ?? document.createElement('progress');
  const words = standing?.previousElementSibling ?? document.createElement('p');
  bar.max = Math.max(file.size, 1);
  bar.value = done;
  const [read, size] = [formatSize(done, locale), formatSize(file.size, locale)];
  words.textContent = say('digesting', { name: file.name, done: read, size });
  if (standing) return;
  bar.setAttribute('aria-label', say('reading', { name: file.name }));
  // Read out once, by the name of the bar, and not for each piece.
  words.setAttribute('aria-live', 'off');
  place.replaceChildren(words, bar);
}

/** Shows one sentence: that it is being worked, or why it cannot be. */
export function showNote(place: HTMLElement, text: string, kind: 'no' | 'plain'): void {
  const note = element('p', text);
  if (kind === 'no') note.className = 'outcome no';
  place.replaceChildren(note);
}

/** Adds what the visitor can do about it. */
export function showAct(place: HTMLElement, label: string, act: () => void): void {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'board';
  button.textContent = label;
  button.addEventListener('click', act, { once: true });
  const row = document.createElement('div');
  row.className = 'row';
  row.append(button);
  place.querySelector('.outcome')?.append(row);
}

/** Shows what came of a check. */
export function showOutcome(
  place: HTMLElement,
  { kind, title, leads, proven, unproven }: Wording,
  { file, say, locale }: { readonly file: DigestedFile; readonly say: Say; readonly locale: Locale },
): void {
  const sheet = document.createElement('div');
  sheet.className = `stack outcome ${kind}`;
  sheet.append(element('h3', title), ...leads.map((lead) => element('p', lead)));
  sheet.append(...listPoints(say('proven'), 'proven', proven), ...listPoints(say('unproven'), 'unproven', unproven));
  const facts = document.createElement('dl');
  facts.append(element('dt', say('size')), element('dd', formatSize(file.sizeBytes, locale)));
  const digest = document.createElement('dd');
  digest.append(element('code', file.sha256));
  facts.append(element('dt', say('digest')), digest);
  sheet.append(element('h3', `${say('facts')}: ${file.name}`), facts);
  place.replaceChildren(sheet);
}

function listPoints(title: string, kind: 'proven' | 'unproven', points: readonly string[]): readonly HTMLElement[] {
  if (points.length === 0) return [];
  const list = document.createElement('ul');
  list.className = `points ${kind}`;
  list.append(...points.map((point) => element('li', point)));
  return [element('h3', title), list];
}

function element(tag: 'p' | 'h3' | 'li' | 'dt' | 'dd' | 'code', text: string): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
