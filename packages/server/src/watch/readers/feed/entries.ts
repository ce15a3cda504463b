/** Entries of release feeds: RSS 2.0, with what Sparkle adds to it, and Atom (RFC 4287). */
import { createHash } from 'node:crypto';
import { SaxesParser, type SaxesTagNS } from 'saxes';

/** A file that a feed announces. */
export interface FeedEntry {
  readonly version: string;
  readonly url: string;
  /** Unix ms, as the feed says. */
  readonly publishedAt: number | undefined;
  /** What the feed holds for the updater to verify the file by (Sparkle, `edSignature`), base64. */
  readonly updaterSignature: string | undefined;
}

const sparkle = 'http://www.andymatuschak.org/xml-namespaces/sparkle';
const atom = 'http://www.w3.org/2005/Atom';
const maxDepth = 32;
const maxEntries = 5000;
const maxTextLength = 4096;

/** The files of a feed at `base`, in its order; `undefined`: it is none. DOCTYPEs are refused, and with them entities. */
export function readEntries(text: string, base: string): readonly FeedEntry[] | undefined {
  const reader = new FeedReader(base);
  const parser = new SaxesParser({ xmlns: true, position: false });
  let isSound = true;
  const fail = () => {
    isSound = false;
  };
  parser.on('doctype', fail);
  parser.on('error', fail);
  parser.on('opentag', (tag) => {
    if (isSound) isSound = reader.open(tag);
  });
  parser.on('closetag', () => isSound && reader.close());
  parser.on('text', (part) => reader.addText(part));
  parser.on('cdata', (part) => reader.addText(part));
  parser.write(text).close();
  return isSound && reader.isFeed ? nameApart(reader.entries) : undefined;
}

/** A version that is there twice is two files, of which programs choose as they like: each has a name of its own, so that none goes unseen. */
function nameApart(entries: readonly FeedEntry[]): readonly FeedEntry[] {
  const named = new Map<string, FeedEntry>();
  for (const entry of entries) {
    const known = named.get(entry.version);
    if (known?.url === entry.url) continue;
    const { version, url } = entry;
    const mark = createHash('sha256').update(url).digest('hex').slice(0, 16);
    const own = known ? { ...entry, version: `${version.slice(0, 230)} (${mark})` } : entry;
    if (!named.has(own.version)) named.set(own.version, own);
  }
  return [...named.values()];
}

interface File {
  readonly url: string;
  readonly version: string | undefined;
  readonly signature: string | undefined;
}

/** What was read of an entry so far. */
interface Draft {
  readonly texts: Map<string, string>;
  readonly files: File[];
}

class FeedReader {
  readonly entries: FeedEntry[] = [];
  isFeed = false;
  readonly #base: string;
  readonly #path: string[] = [];
  #draft: Draft | undefined;

  constructor(base: string) {
    this.#base = base;
  }

  /** Whether it may go on. */
  open(tag: SaxesTagNS): boolean {
    const name = nameOf(tag);
    if (this.#path.length === 0) this.isFeed = name === 'rss' || name === 'atom:feed';
    if (name === 'item' || name === 'atom:entry') this.#draft = { texts: new Map(), files: [] };
    else if (this.#draft) this.#addFile(this.#draft, name, tag);
    this.#path.push(name);
    return this.#path.length <= maxDepth && this.entries.length <= maxEntries;
  }

  close(): void {
    const name = this.#path.pop();
    if ((name !== 'item' && name !== 'atom:entry') || !this.#draft) return;
    this.entries.push(...describeFiles(this.#draft));
    this.#draft = undefined;
  }

  addText(part: string): void {
    const [name, draft] = [this.#path.at(-1), this.#draft];
    if (!draft || name === undefined) return;
    const text = `${draft.texts.get(name) ?? ''}${part}`;
    if (text.length <= maxTextLength) draft.texts.set(name, text);
  }

  #addFile({ files }: Draft, name: string, tag: SaxesTagNS): void {
    const isAtom = name === 'atom:link' && attributeOf(tag, '', 'rel') === 'enclosure';
    if (name !== 'enclosure' && !isAtom) return;
    const url = URL.parse(attributeOf(tag, '', isAtom ? 'href' : 'url') ?? '', this.#base);
    if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return;
    const version = attributeOf(tag, sparkle, 'shortVersionString') ?? attributeOf(tag, sparkle, 'version');
    files.push({ url: url.href, version, signature: attributeOf(tag, sparkle, 'edSignature') });
  }
}

function nameOf({ uri, local }: SaxesTagNS): string {
  if (uri === '') return local;
  if (uri === atom) return `atom:${local}`;
  return uri === sparkle ? `sparkle:${local}` : `other:${local}`;
}

function attributeOf({ attributes }: SaxesTagNS, uri: string, name: string): string | undefined {
  return Object.values(attributes).find((one) => one.uri === uri && one.local === name)?.value;
}

/** Of several files of one entry each is called by its name, too. */
function describeFiles({ texts, files }: Draft): readonly FeedEntry[] {
  const textOf = (...names: readonly string[]) => names.map((name) => texts.get(name)?.trim()).find((one) => one);
  const date = Date.parse(textOf('pubDate', 'atom:published', 'atom:updated') ?? '');
  const said = textOf('sparkle:shortVersionString', 'sparkle:version');
  const titled = findVersion(textOf('title', 'atom:title') ?? '');
  return files.flatMap(({ url, version = said ?? titled, signature }) => {
    if (version === undefined || version === '') return [];
    const name = new URL(url).pathname.split('/').at(-1) ?? '';
    const called = files.length > 1 ? `${version} ${name}` : version;
    const publishedAt = Number.isSafeInteger(date) && date > 0 ? date : undefined;
    return [{ version: called.slice(0, 256), url, publishedAt, updaterSignature: signature }];
  });
}

function findVersion(title: string): string | undefined {
  return /(?:^|[\s(])v?(\d+(?:\.\d+)+[0-9A-Za-z.+-]*)/.exec(title)?.[1];
}
