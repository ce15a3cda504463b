/** `signpost evidence …`: documents about the files of a release, and what the policy says of them. */
import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type CommandSpec, type Invocation, readArgument, readArguments } from '../../command.ts';
import { asObject, cellOf, type JsonObject, objectsOf, textOf } from '../../http/answer.ts';
import { type Client, readBounded } from '../../http/client.ts';
import { connect, connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer, JsonValue } from '../../terminal/output.ts';
import { formatTable } from '../../terminal/table.ts';
import { projectOption, releasePath } from './paths.ts';
import { formatVerdict } from './verdict.ts';

const artifactOption = { flags: '--artifact <name>', text: 'the file that it is about; the main one when left out' };

/** `signpost evidence attach`. */
export const evidenceAttach: CommandSpec = {
  words: 'evidence attach',
  arguments: '<version> <file...>',
  summary: 'Attach bundles and SBOMs to a file of a release',
  details: [
    'Bundles are those of Sigstore (`cosign sign-blob --bundle`), and what GitHub (`gh attestation download`), npm and PyPI answer with bundles inside. SBOMs are CycloneDX or SPDX. Which one a file is shows in it.',
  ],
  options: [projectOption, artifactOption],
  examples: ['signpost evidence attach 1.0.0 app.zip.sigstore.json app.cdx.json --project my-app'],
  run: attachAll,
};

/** `signpost evidence show`. */
export const evidenceShow: CommandSpec = {
  words: 'evidence show',
  arguments: '<version>',
  summary: 'Show the evidence for a release, and what the policy said of it',
  options: [projectOption],
  examples: ['signpost evidence show 1.0.0 --project my-app'],
  run: async (invocation) => {
    const document = await (await connect(invocation)).read(`${releasePath(invocation)}/evidence`);
    return { document, lines: describeEvidence(document) };
  },
};

/** `signpost evidence judge`. */
export const evidenceJudge: CommandSpec = {
  words: 'evidence judge',
  arguments: '<version>',
  summary: 'Hold the policy against the evidence once more, with the trust roots and data of now',
  options: [projectOption],
  examples: ['signpost evidence judge 1.0.0 --project my-app'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    const document = await client.request('POST', `${releasePath(invocation)}/evidence/judge`);
    return { document, lines: describeVerdict(document) };
  },
};

/** `signpost evidence download`. */
export const evidenceDownload: CommandSpec = {
  words: 'evidence download',
  arguments: '<version> <sha256>',
  summary: 'Download a document',
  options: [projectOption, { flags: '--out <path>', text: 'where to', required: true }],
  examples: ['signpost evidence download 1.0.0 9f86d081… --project my-app --out summary.json'],
  run: async (invocation) => {
    const sha256 = readArgument(invocation, 1);
    const client = await connect(invocation);
    const path = `${releasePath(invocation)}/evidence/${encodeURIComponent(sha256)}`;
    const bytes = await readBounded(await client.send('GET', path));
    const out = invocation.options.requiredText('out');
    await writeFile(out, bytes, { flag: 'wx' }).catch((cause) => {
      throw new Failure('refused', `${out} cannot be written, or is there already`, { cause });
    });
    return { document: { sha256, file: out, size_bytes: bytes.length }, lines: [`${out}: ${bytes.length} bytes.`] };
  },
};

/** `signpost evidence remove`. */
export const evidenceRemove: CommandSpec = {
  words: 'evidence remove',
  arguments: '<version> <sha256>',
  summary: 'Take a document away that somebody attached',
  options: [projectOption, artifactOption],
  examples: ['signpost evidence remove 1.0.0 9f86d081… --project my-app'],
  run: async (invocation) => {
    const sha256 = readArgument(invocation, 1);
    const client = await connectAuthenticated(invocation);
    const query = await nameArtifact(client, invocation);
    await invocation.prompt.confirm('Take the document away?');
    await client.request('DELETE', `${releasePath(invocation)}/evidence/${encodeURIComponent(sha256)}${query}`);
    return { document: { sha256, removed: true }, lines: ['The document is gone.'] };
  },
};

async function attachAll(invocation: Invocation): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const query = await nameArtifact(client, invocation);
  const attached: JsonValue[] = [];
  let last: JsonObject = {};
  for (const path of readArguments(invocation, 1)) {
    last = await attachFile(client, { base: releasePath(invocation), query }, path);
    attached.push({ file: path, ...last });
  }
  const lines = attached.map((item) => describeAttached(asObject(item)));
  return { document: { attached }, lines: [...lines, ...describeVerdict(last)] };
}

/** Attaches one file where it belongs: SBOMs have a place of their own. */
async function attachFile(
  client: Client,
  { base, query }: { readonly base: string; readonly query: string },
  path: string,
): Promise<JsonObject> {
  const bytes = await readFile(path).catch((cause) => {
    throw new Failure('refused', `${path} cannot be read`, { cause });
  });
  const body = { bytes: new Uint8Array(bytes) };
  if (isSbom(body.bytes)) return client.request('PUT', `${base}/sbom${query}`, body);
  const name = basename(path)
    .replaceAll(/[^\w.@+ -]/g, '_')
    .slice(0, 128);
  const separator = query === '' ? '?' : '&';
  return client.request('POST', `${base}/evidence${query}${separator}name=${encodeURIComponent(name)}`, body);
}

/** CycloneDX in XML, or JSON with a member that only SBOMs have. The server looks closer. */
function isSbom(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes.subarray(0, 4096)).trimStart();
  return text.startsWith('<') || /"(?:bomFormat|spdxVersion|SPDXID)"\s*:|spdx\.org\/rdf\/3/.test(text);
}

/** The query that names the file of `--artifact`, which the server knows by digest. */
async function nameArtifact(client: Client, invocation: Invocation): Promise<string> {
  const name = invocation.options.text('artifact');
  if (name === undefined) return '';
  const release = await client.read(releasePath(invocation));
  const artifacts = objectsOf(release, 'artifacts');
  const found = artifacts.find((artifact) => artifact.name === name);
  if (found) return `?artifact=${textOf(found, 'sha256')}`;
  throw new Failure('refused', `the release has no file ${name}`, {
    hint: `it has ${artifacts.map((artifact) => cellOf(artifact, 'name')).join(', ')}`,
  });
}

function describeAttached(item: JsonObject): string {
  const kind = item.kind === undefined ? `SBOM (${cellOf(item, 'format')})` : cellOf(item, 'kind');
  return `${cellOf(item, 'file')}: attached, ${kind}, SHA-256 ${cellOf(item, 'sha256')}`;
}

function describeEvidence(document: JsonObject): readonly string[] {
  const columns = ['artifact', 'kind', 'origin', 'name', 'sha256'];
  const rows = objectsOf(document, 'documents').map((item) => columns.map((column) => cellOf(item, column)));
  const overrides = objectsOf(document, 'overrides').map(
    (item) => `Let go until ${cellOf(item, 'expires_at')}: ${cellOf(item, 'rules')} (${cellOf(item, 'reason')})`,
  );
  const documents = rows.length === 0 ? ['There are no documents.'] : formatTable(columns, rows);
  return [...documents, ...overrides, ...describeVerdict(document)];
}

function describeVerdict({ verdict }: JsonObject): readonly string[] {
  if (verdict === undefined) return [];
  if (verdict === null) return ['No policy has judged the release.'];
  return ['', ...formatVerdict(asObject(verdict))];
}
