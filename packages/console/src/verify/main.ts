/** The script of the page that checks files: it takes up the form that the server rendered, and does everything else in this browser. */
import { digestFile } from '../app/digest-file.ts';
import type { Locale } from '../language/message.ts';
import { type Check, checkFile, isVerified } from './check-file.ts';
import { choosePins, isToBeKept, type ShownRoots } from './choose-pins.ts';
import { openMemory } from './memory.ts';
import { type NamedRoots, type Pins, parseFragment, parseNamedRoots } from './pins.ts';
import { showAct, showNote, showOutcome, showProgress } from './show.ts';
import { createTurns } from './turns.ts';
import { type ClaimedFile, createSay, describeOutcome } from './wording.ts';

const locale: Locale = document.documentElement.lang === 'de' ? 'de' : 'en';
const say = createSay(locale);
const form = part('check', HTMLElement);
const outcome = part('outcome', HTMLElement);
const root = part('root', HTMLTextAreaElement);
const threshold = part('threshold', HTMLInputElement);
const drop = part('drop', HTMLElement);
const chooser = part('file', HTMLInputElement);
// The address is what the visitor sees: project and organisation are read from it, and from nothing that the page says.
const [, prefix = '', project = ''] = /^(\/o\/[^/]+)?\/([^/]+)\/info\/verify$/.exec(location.pathname) ?? [];
const base = location.origin + prefix;
const memory = openMemory(() => localStorage, base);
const takeTurn = createTurns();
/** The roots that links brought to this page. */
const linked = new Set<string>();

function part<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new TypeError(`expected the page to have #${id}`);
  return found;
}

async function check(file: File): Promise<void> {
  // What was said of the file before is not said of this one.
  outcome.replaceChildren();
  const named = parseNamedRoots(root.value, threshold.value);
  await takeTurn(async (signal) => {
    try {
      await checkAlone(file, named, signal);
    } catch (error) {
      if (signal.aborted) return;
      showNote(outcome, say('failed', { reason: String(error) }), 'no');
      reportError(error);
    }
  });
}

async function checkAlone(file: File, named: NamedRoots, signal: AbortSignal): Promise<void> {
  if ((await findObstacle()) !== undefined) return;
  const remembered = await memory.recallPins();
  const choice = await choosePins({ named, linked, remembered, shown: readShownRoots() });
  if (choice.kind === 'none') return showNote(outcome, say(choice.why), 'no');
  const sha256 = await digest(file, signal);
  if (sha256 === undefined) return;
  await conclude(file, { pins: choice.pins, sha256, signal });
}

/** Says so where the browser cannot verify anything. */
async function findObstacle(): Promise<'insecure' | 'unsupported' | undefined> {
  const obstacle = !isSecureContext ? 'insecure' : (await knowsEd25519()) ? undefined : 'unsupported';
  if (obstacle) showNote(outcome, say(obstacle), 'no');
  return obstacle;
}

async function knowsEd25519(): Promise<boolean> {
  return crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']).then(
    () => true,
    () => false,
  );
}

function readShownRoots(): ShownRoots {
  const { roots, rootsInForce, threshold: needed } = form.dataset;
  return { offered: listWords(roots), inForce: listWords(rootsInForce), threshold: Number(needed) };
}

function listWords(text = ''): readonly string[] {
  return text.split(' ').filter((word) => word !== '');
}

async function digest(file: File, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await digestFile(file, {
      signal,
      onDigested: (done) => showProgress(outcome, { file, done, say, locale }),
    });
  } catch (error) {
    // A folder that was dropped, or a file that went away: what the browser says of it is a DOMException.
    if (signal.aborted || !(error instanceof DOMException)) throw error;
    showNote(outcome, say('unreadable', { reason: error.name }), 'no');
    return undefined;
  }
}

async function conclude(
  file: File,
  { pins, sha256, signal }: { readonly pins: Pins; readonly sha256: string; readonly signal: AbortSignal },
): Promise<void> {
  showNote(outcome, say('asking'), 'plain');
  const digested = { name: file.name, sizeBytes: file.size, sha256 };
  const found = await checkFile(describeCheck(pins, signal), digested);
  if (signal.aborted) return;
  if (isVerified(found) && isToBeKept(pins)) memory.keepPins(pins, Date.now());
  const wording = describeOutcome(found, { pins, claimed: findClaim(sha256), say, locale });
  showOutcome(outcome, wording, { file: digested, say, locale });
  if (found.kind === 'forgetful') offerToForget(file, pins);
}

function describeCheck(pins: Pins, signal: AbortSignal): Check {
  const channels = listWords(form.dataset.channels);
  return {
    ...{ base, project, pins, now: Date.now, store: memory.openState(pins) },
    channels: channels.length > 0 ? channels : ['stable'],
    fetch: async (url, init) => {
      signal.throwIfAborted();
      return fetch(url, init);
    },
  };
}

function offerToForget(file: File, pins: Pins): void {
  showAct(outcome, say('forget'), () => {
    memory.forgetState(pins);
    void check(file);
  });
}

function findClaim(sha256: string): ClaimedFile | undefined {
  const row = [...document.querySelectorAll<HTMLElement>('#published tr')].find(
    ({ dataset }) => dataset.sha256 === sha256,
  );
  const { name = '', version = '', state = '' } = row?.dataset ?? {};
  return row && { name, version, state };
}

function showThreshold(): void {
  const isOne = parseNamedRoots(root.value, '').names.length < 2;
  // A number that nobody sees must not count.
  if (isOne) threshold.value = '';
  part('threshold-part', HTMLElement).hidden = isOne;
}

/** A link may bring the root along; then it is the visitor's to have it from somebody whom they believe. */
function takeFragment(): void {
  // The page in the other language is to rest on the same roots.
  for (const link of document.querySelectorAll<HTMLAnchorElement>('.languages a')) link.hash = location.hash;
  const wanted = parseFragment(location.hash);
  if (wanted.text === '') return;
  root.value = wanted.text;
  showThreshold();
  threshold.value = wanted.threshold;
  // A link that asks for more than its one root must not be taken for one that does not.
  if (wanted.threshold !== '') part('threshold-part', HTMLElement).hidden = false;
  for (const name of parseNamedRoots(wanted.text, '').names) linked.add(name);
}

function take(files: FileList | null | undefined): void {
  const [file] = files ?? [];
  if (file) void check(file);
}

root.addEventListener('input', showThreshold);
chooser.addEventListener('change', () => {
  take(chooser.files);
  // The same file again, after the root was changed, is a change, too.
  chooser.value = '';
});
// Anywhere on the page: beside its place, a browser would leave the page and open the file.
for (const type of ['dragover', 'dragleave', 'drop'] as const) {
  document.addEventListener(type, (event) => {
    // A digest may be dragged into its field, too.
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    drop.classList.toggle('over', type === 'dragover');
    if (type === 'drop') take(event.dataTransfer.files);
  });
}
addEventListener('hashchange', takeFragment);
takeFragment();
form.hidden = false;
