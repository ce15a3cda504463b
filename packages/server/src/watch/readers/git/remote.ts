/** Repositories over HTTP (gitprotocol-http(5), gitprotocol-v2(5)): their tags, and the objects that those lead to. */
import type { Answer, Ask } from '../ask.ts';
import type { Unanswered } from '../reader.ts';
import { type GitObject, type ObjectFormat, readPack } from './pack.ts';
import { delimiter, encodeLine, flush, type PktLine, parsePktLines, textOf } from './pkt-line.ts';

/** A repository that answered. */
export interface Remote {
  readonly url: string;
  readonly format: ObjectFormat;
  /** It leaves out the files of a commit when it is asked to. */
  readonly canFilter: boolean;
}

/** A tag. */
export interface RemoteTag {
  readonly name: string;
  /** What it points to itself: a tag object or a commit. */
  readonly oid: string;
}

/** What is not there, or not answered. */
type Missing = Unanswered | { readonly kind: 'absent' };

/** Of all tags together, and of what leads to one commit, in bytes. */
const maxTagBytes = 16 * 1024 * 1024;
const maxPackBytes = 64 * 1024 * 1024;
const maxCapabilityBytes = 64 * 1024;
const version = { 'git-protocol': 'version=2' };

/** Asks a repository what it can, by its address with `.git` behind it and without. */
export async function openRemote(ask: Ask, url: string, signal: AbortSignal): Promise<Remote | Missing> {
  let missing: Missing = { kind: 'absent' };
  for (const candidate of [`${url}.git`, url]) {
    const address = `${candidate}/info/refs?service=git-upload-pack`;
    const answer = await ask({ url: address, headers: version, maxBytes: maxCapabilityBytes, signal });
    if (answer.kind === 'unknown') missing = answer;
    else if (answer.status === 200) return readCapabilities(candidate, answer.body);
  }
  return missing;
}

function readCapabilities(url: string, body: Uint8Array<ArrayBuffer>): Remote | Unanswered {
  const lines = linesOf(parsePktLines(body) ?? []);
  const format = lines.find((line) => line.startsWith('object-format='))?.slice('object-format='.length) ?? 'sha1';
  if (!lines.includes('version 2') || (format !== 'sha1' && format !== 'sha256')) {
    return unreadable('no repository that speaks version 2 of git’s protocol');
  }
  const fetching = lines.find((line) => line.startsWith('fetch=')) ?? '';
  return { url, format, canFilter: fetching.slice('fetch='.length).split(' ').includes('filter') };
}

function linesOf(lines: readonly PktLine[]): readonly string[] {
  return lines.flatMap((line) => (line.kind === 'line' ? [textOf(line.bytes)] : []));
}

function unreadable(what: string): Unanswered {
  return { kind: 'unknown', reason: `the server answered with ${what}` };
}

/** All tags. */
export async function listTags(
  ask: Ask,
  remote: Remote,
  signal: AbortSignal,
): Promise<readonly RemoteTag[] | Unanswered> {
  const body = [
    ...[encodeLine('command=ls-refs'), encodeLine(`object-format=${remote.format}`), delimiter],
    ...[encodeLine('ref-prefix refs/tags/'), flush],
  ].join('');
  const answer = await post(ask, remote, { body, maxBytes: maxTagBytes, signal });
  if (answer.kind === 'unknown') return answer;
  const lines = answer.status === 200 ? parsePktLines(answer.body) : undefined;
  return lines ? linesOf(lines).flatMap(readTag) : unreadable('no list of tags');
}

function readTag(line: string): RemoteTag[] {
  const [, oid, name] = /^([0-9a-f]{40,64}) refs\/tags\/([^ ]+)/.exec(line) ?? [];
  return oid === undefined || name === undefined ? [] : [{ name, oid }];
}

/** The objects that lead from a tag to its commit, and that commit; none that has another name than its hash. */
export async function fetchTag(
  ask: Ask,
  remote: Remote,
  { oid, signal }: { readonly oid: string; readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, GitObject> | Unanswered> {
  const body = [
    ...[
      encodeLine('command=fetch'),
      encodeLine(`object-format=${remote.format}`),
      delimiter,
      encodeLine('no-progress'),
    ],
    ...(remote.canFilter ? [encodeLine('filter tree:0')] : []),
    ...[encodeLine('deepen 1'), encodeLine(`want ${oid}`), encodeLine('done'), flush],
  ].join('');
  const answer = await post(ask, remote, { body, maxBytes: maxPackBytes, signal });
  if (answer.kind === 'unknown') return answer;
  const pack = answer.status === 200 ? joinPack(parsePktLines(answer.body) ?? []) : undefined;
  const objects = pack && readPack(pack, remote.format);
  return objects ?? unreadable('no pack that can be read');
}

/** What follows `packfile`, of the first of its three bands (gitprotocol-v2(5), "fetch"). */
function joinPack(lines: readonly PktLine[]): Uint8Array<ArrayBuffer> | undefined {
  const from = lines.findIndex((line) => line.kind === 'line' && textOf(line.bytes) === 'packfile');
  if (from < 0) return undefined;
  const parts = lines.slice(from + 1).flatMap((line) => (line.kind === 'line' ? [line.bytes] : []));
  if (parts.some(([band]) => band === 3)) return undefined;
  return new Uint8Array(Buffer.concat(parts.filter(([band]) => band === 1).map((part) => part.subarray(1))));
}

function post(
  ask: Ask,
  { url }: Remote,
  request: { readonly body: string; readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<Answer> {
  const headers = { ...version, 'content-type': 'application/x-git-upload-pack-request' };
  return ask({ url: `${url}/git-upload-pack`, method: 'POST', headers, ...request });
}
