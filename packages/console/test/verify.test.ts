/** What the page that checks files decides, without a browser: whose roots count, what verifies, and what is said of it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import { TrustError } from '@signpost/protocol/errors';
import { encodeCanonical, encodeCanonicalText, type SignableObject } from '@signpost/protocol/json/canonical';
import { parseSignableText } from '@signpost/protocol/json/parse';
import { createKeyPair, parsePublicKey, type Signer } from '@signpost/protocol/keys/ed25519';
import { digestHex, signEnvelope } from '@signpost/protocol/updates/envelope';
import { createManifestEntry } from '@signpost/protocol/updates/log-entry';
import { parseManifest } from '@signpost/protocol/updates/manifest';
import { createManifestDocument } from '@signpost/protocol/updates/write-manifest';
import { createTrustListDocument } from '@signpost/protocol/updates/write-trust-list';
import { SmallLog } from '../../protocol/test/tlog/small-log.ts';
import { digestFile } from '../src/app/digest-file.ts';
import { checkFile } from '../src/verify/check-file.ts';
import { choosePins, isToBeKept, type RootSources, type ShownRoots } from '../src/verify/choose-pins.ts';
import { openMemory } from '../src/verify/memory.ts';
import {
  encodeRemembered,
  nameKeys,
  type Pins,
  parseFragment,
  parseNamedRoots,
  parseRemembered,
  resolveNamed,
} from '../src/verify/pins.ts';
import { createTurns } from '../src/verify/turns.ts';
import { createSay, describeOutcome } from '../src/verify/wording.ts';

const now = Date.parse('2026-11-22T09:00:00Z');
const dayMs = 86_400_000;
const root = (await createKeyPair()).signer;
const other = (await createKeyPair()).signer;
const [maintainer, server] = [(await createKeyPair()).signer, (await createKeyPair()).signer];

const isRefused = (code: string) => (error: unknown) => error instanceof TrustError && error.code === code;

suite('the roots that a check rests on', () => {
  test('are digests or keys, in any of the ways in which people paste them', () => {
    const digest = 'AB'.repeat(32);
    assert.deepEqual(parseNamedRoots(` sha256:${digest},\n${digest.toLowerCase()}\t${root.pubkeyB64}`, ''), {
      names: [digest.toLowerCase(), root.pubkeyB64],
      threshold: undefined,
    });
    const { text, threshold } = parseFragment(`#root=${root.keyId}&root=a+b/c=&threshold=1`);
    assert.deepEqual([text, threshold], [`${root.keyId}\na+b/c=`, '1']);
    assert.equal(parseFragment('').text, '');
  });

  test('of a digest are the key that has it, whatever the server shows', async () => {
    const offered = await nameKeys([root.pubkeyB64, other.pubkeyB64]);
    const pins = await resolveNamed({ names: [root.keyId, other.pubkeyB64], threshold: undefined }, offered);
    assert.deepEqual([pins.roots, pins.threshold], [[root.pubkeyB64, other.pubkeyB64], 2]);
    const unknown = { names: ['0'.repeat(64)], threshold: undefined };
    await assert.rejects(resolveNamed(unknown, offered), isRefused('root_not_trusted'));
  });

  test('are refused when they are none, one twice, or fewer than must sign', async () => {
    const offered = await nameKeys([root.pubkeyB64]);
    for (const [names, threshold] of [
      [['nonsense'], undefined],
      [['AAAA'], undefined],
      [[root.keyId, root.pubkeyB64], undefined],
      [[root.keyId], 2],
      [[root.keyId], 0],
      [[root.keyId], Number.NaN],
    ] as const) {
      await assert.rejects(resolveNamed({ names, threshold }, offered), isRefused('malformed'), String(names));
    }
  });

  test('of a link do not take the place of those that the browser holds on to, and count as no word of the visitor', async () => {
    const shown = { offered: [root.pubkeyB64, other.pubkeyB64], inForce: [root.pubkeyB64], threshold: 1 };
    const named = { names: [other.keyId], threshold: undefined };
    const nobody = { names: [], threshold: undefined };
    const choose = async (sources: Partial<RootSources>) => {
      const choice = await choosePins({ named, linked: new Set(), remembered: undefined, shown, ...sources });
      return choice.kind === 'pins' ? choice.pins : choice.why;
    };
    const byLink = { named, linked: new Set([other.keyId]) };
    const linked = await choose(byLink);
    assert.ok(typeof linked === 'object');
    assert.deepEqual([linked.by, linked.ids, isToBeKept(linked)], ['link', [other.keyId], true]);
    assert.equal((await parseRemembered(encodeRemembered(linked, now)))?.by, 'linked');
    for (const by of ['kept', 'linked', 'seen'] as const) {
      const differing = await choose({ ...byLink, remembered: pinsOf(by) });
      assert.ok(typeof differing === 'object');
      assert.deepEqual([differing.by, differing.against?.by, isToBeKept(differing)], ['link', by, false]);
      const same = await choose({ ...byLink, remembered: { ...linked, by } });
      assert.equal(typeof same === 'object' && same.by, by === 'seen' ? 'link' : by);
    }
    const typed = await choose({ named, remembered: pinsOf('kept') });
    assert.ok(typeof typed === 'object');
    assert.deepEqual([typed.by, isToBeKept(typed)], ['visitor', true]);
    const believed = await choose({ named: nobody });
    assert.equal(typeof believed === 'object' && believed.by, 'server');
  });

  test('are told apart when they are wrong: the server’s are not the visitor’s fault', async () => {
    const shown = { offered: [root.pubkeyB64], inForce: [root.pubkeyB64], threshold: 1 };
    const why = async (names: readonly string[], change: Partial<ShownRoots>) => {
      const sources = { linked: new Set<string>(), remembered: undefined, shown: { ...shown, ...change } };
      const choice = await choosePins({ ...sources, named: { names, threshold: undefined } });
      return choice.kind === 'none' ? choice.why : choice.pins.by;
    };
    assert.equal(await why(['nonsense'], {}), 'badRoot');
    assert.equal(await why([other.keyId], {}), 'wrongRoot');
    assert.equal(await why([root.keyId], { offered: ['AAAA'] }), 'badServerRoots');
    assert.equal(await why([], { inForce: ['nonsense'] }), 'badServerRoots');
    assert.equal(await why([], { threshold: Number.NaN }), 'badServerRoots');
    assert.equal(await why([], { inForce: [] }), 'noRoots');
  });

  test('are kept by the browser with whose word they were, and a damaged memory is none', async () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, text: string) => void kept.set(key, text),
      removeItem: (key: string) => void kept.delete(key),
    };
    const memory = openMemory(() => storage, 'https://x.example');
    assert.equal(await memory.recallPins(), undefined);
    memory.keepPins(pinsOf('visitor'), now);
    const recalled = await memory.recallPins();
    assert.deepEqual(
      [recalled?.by, recalled?.ids, recalled?.since],
      ['kept', [root.keyId], '2026-11-22T09:00:00.000Z'],
    );
    memory.keepPins(pinsOf('server'), now);
    assert.equal((await memory.recallPins())?.by, 'seen');
    await memory.openState(pinsOf('visitor')).write('mine');
    assert.equal(await memory.openState({ ...pinsOf('visitor'), ids: [other.keyId] }).read(), undefined);
    for (const key of kept.keys()) kept.set(key, 'damaged');
    assert.equal(await memory.recallPins(), undefined);
    const whole = { roots: [root.pubkeyB64], threshold: 1, by: 'kept', since: '2026-11-22T09:00:00.000Z' };
    assert.equal((await parseRemembered(JSON.stringify(whole)))?.by, 'kept');
    for (const change of [
      ...[{ roots: [] }, { roots: 'x' }, { roots: [7] }, { roots: ['AAAA'] }, { roots: [root, root] }],
      ...[{ roots: Array(17).fill(root.pubkeyB64) }, { roots: [root.pubkeyB64, root.pubkeyB64] }],
      ...[{ threshold: 0 }, { threshold: 2 }, { threshold: '1' }, { threshold: 0.5 }, { threshold: null }],
      ...[{ by: 'visitor' }, { by: undefined }, { since: 'then' }, { since: 5 }, { since: undefined }],
    ]) {
      const damaged = JSON.stringify({ ...whole, ...change });
      assert.equal(await parseRemembered(damaged), undefined, damaged);
    }
    for (const damaged of ['null', '[]', '7', '"x"']) assert.equal(await parseRemembered(damaged), undefined);
    const forbidden = () => {
      throw new Error('storage is forbidden');
    };
    const full = { getItem: forbidden, setItem: forbidden, removeItem: forbidden };
    for (const openStorage of [forbidden, () => full]) {
      const none = openMemory(openStorage, 'https://x.example');
      none.keepPins(pinsOf('server'), now);
      assert.equal(await none.recallPins(), undefined);
    }
  });
});

function pinsOf(by: Pins['by']): Pins {
  return { roots: [root.pubkeyB64], ids: [root.keyId], threshold: 1, by };
}

interface World {
  readonly channels?: readonly string[];
  readonly approvals?: number;
  /** The answer for a path below `/api/`; undefined: 404. */
  readonly answers?: Readonly<Record<string, string | undefined>>;
  /** The state text from before. */
  readonly remembered?: string;
  readonly pins?: Pins;
  /** The roots that the list brings. */
  readonly nextRoots?: readonly Signer[];
  /** The log that the trust list names. */
  readonly log?: SmallLog;
}

const file = { name: 'app.bin', sizeBytes: 3, sha256: createHash('sha256').update('abc').digest('hex') };

function signManifest(channel: string, signer: Signer, sha256 = file.sha256): Promise<string> {
  const main = { sha256, sizeBytes: 3, url: '/demo/1.0.0/app.bin' };
  const artifact = { ...main, name: 'app.bin', platform: 'any', mediaType: 'application/zip', sha512: undefined };
  const absent = {
    minVersion: undefined,
    evidence: undefined,
    name: undefined,
    description: undefined,
    changelog: undefined,
  };
  const scan = {
    status: 'clean',
    engine: 'ClamAV',
    engineVersion: '1.4',
    signatureDate: undefined,
    scannedAt: now,
  } as const;
  const document = createManifestDocument({
    ...{ project: 'demo', channel, version: '1.0.0', counter: 7, counterEpoch: 0, keyId: signer.keyId, main, scan },
    ...{ signedAt: now, expiresAt: now + dayMs, artifacts: [artifact], ...absent },
  });
  return signEnvelope('manifest', document, [signer]);
}

async function signList({ approvals = 0, nextRoots = [], log }: World): Promise<string> {
  const keys = await Promise.all(nextRoots.map(({ pubkeyB64 }) => parsePublicKey(pubkeyB64)));
  const roots = keys.length === 0 ? undefined : { keys, threshold: 1 };
  const key = (signer: Signer, custody: 'server' | 'maintainer') => ({
    key: { keyId: signer.keyId, pubkeyB64: signer.pubkeyB64 },
    ...{ label: custody, custody, scope: ['*' as const], notBefore: undefined, notAfter: undefined },
  });
  const document = createTrustListDocument({
    ...{ version: 1, issuedAt: now, expiresAt: now + 90 * dayMs, roots, pushKeys: [], revokedKeys: [] },
    validKeys: [key(server, 'server'), key(maintainer, 'maintainer')],
    projects: [{ project: 'demo', approvals, counterEpoch: 0 }],
    log: log && { origin: log.identity.origin, key: log.identity.signer },
  });
  return signEnvelope('trust', document, [root, ...nextRoots]);
}

async function check(world: World, wanted = file) {
  const { channels = ['stable'], answers = {}, pins = pinsOf('visitor') } = world;
  const trust = await signList(world);
  let state = world.remembered;
  return checkFile(
    {
      ...{ base: 'https://x.example', project: 'demo', channels, pins, now: () => now },
      store: {
        read: async () => state,
        write: async (text) => {
          state = text;
        },
      },
      fetch: async (url) => {
        const path = new URL(String(url)).pathname;
        const body = path === '/api/signing/trust' ? trust : answers[path.replace('/api/projects/demo/', '')];
        return body === undefined ? new Response(null, { status: 404 }) : new Response(body);
      },
    },
    wanted,
  );
}

suite('a file', () => {
  test('is of the channel whose manifest names it, though another one’s is refused', async () => {
    const answers = { manifest: '{}', 'channels/beta/manifest': await signManifest('beta', server) };
    const found = await check({ channels: ['stable', 'beta'], answers });
    assert.equal(found.kind === 'released' && found.manifest.channel, 'beta');
    const none = await check({ channels: ['stable', 'beta'], answers }, { ...file, sha256: '0'.repeat(64) });
    assert.equal(none.kind, 'refused');
  });

  test('is unknown where nothing is in service, and where the digest is right and the size is not', async () => {
    assert.equal((await check({})).kind, 'empty');
    const answers = { manifest: await signManifest('stable', server) };
    const found = await check({ answers }, { ...file, sizeBytes: 4 });
    assert.equal(found.kind === 'other' && found.namesake?.name, 'app.bin');
  });

  test('is not spoken of where the memory of the browser is damaged, and neither is the server', async () => {
    const outcome = await check({ answers: { manifest: await signManifest('stable', server) }, remembered: 'damaged' });
    assert.equal(outcome.kind, 'forgetful');
    for (const [locale, words] of [
      ['en', /says nothing of the server/],
      ['de', /über den Server und die Datei sagt er nichts/],
    ] as const) {
      const say = createSay(locale);
      const wording = describeOutcome(outcome, { pins: pinsOf('kept'), claimed: undefined, say, locale });
      assert.equal(wording.kind, 'maybe');
      assert.match(wording.leads.join(' '), words);
    }
  });

  test('is said to be in the log that the list names, and refused where nothing proves it', async () => {
    const log = new SmallLog().fill(3);
    const manifest = await signManifest('stable', server);
    const outcome = await check({ log, answers: { manifest } });
    assert.equal(outcome.kind === 'refused' && outcome.code, 'log_proof_missing');
    const envelope = parseSignableText(manifest) as SignableObject & { readonly manifest: SignableObject };
    const digest = await digestHex(encodeCanonical(envelope.manifest));
    const index = log.add(createManifestEntry({ ...parseManifest(envelope.manifest), digest }, 'default'));
    const proven = encodeCanonicalText({ ...envelope, log: await log.prove(index) });
    const found = await check({ log, answers: { manifest: proven } });
    for (const [locale, said, doubt, refused] of [
      ['en', /entry 3 of the transparency log updates\.example\/log/, /shown the same log/, /Nothing proves/],
      ['de', /Eintrag 3 im Transparenzprotokoll updates\.example\/log/, /dasselbe Protokoll/, /Nichts beweist/],
    ] as const) {
      const context = { pins: pinsOf('visitor'), claimed: undefined, say: createSay(locale), locale };
      const words = describeOutcome(found, context);
      assert.match(words.proven.join(' '), said);
      assert.match(words.unproven.join(' '), doubt);
      assert.match(describeOutcome(outcome, context).leads.join(' '), refused);
    }
  });

  test('is described by who signed it, in both languages, with what is not proven', async () => {
    const answers = { manifest: await signManifest('stable', maintainer) };
    const outcome = await check({ approvals: 1, answers });
    const words = (locale: 'en' | 'de', by: Pins['by'], against?: Pins) =>
      describeOutcome(outcome, {
        pins: { ...pinsOf(by), since: '2026-11-01T00:00:00Z', ...(against && { against }) },
        claimed: undefined,
        say: createSay(locale),
        locale,
      });
    const english = words('en', 'visitor');
    assert.equal(english.kind, 'yes');
    assert.ok(english.proven.some((point) => point.startsWith('One maintainer has signed')));
    assert.match(english.unproven.join(' '), /signed that ClamAV 1\.4 found nothing in it on Nov 22, 2026/);
    assert.equal(words('de', 'kept').kind, 'yes');
    assert.equal(words('en', 'link').kind, 'yes');
    assert.match(words('en', 'linked').unproven.join(' '), /a link brought them, and they are worth as much as/);
    const against = words('de', 'link', { ...pinsOf('kept'), since: '2026-11-02T00:00:00Z' });
    assert.equal(against.kind, 'maybe');
    assert.match(against.leads.join(' '), /bleibt bei der Wurzel, die Sie hier am 02\.11\.2026 genannt haben/);
    assert.match(words('en', 'seen').proven[0] ?? '', /held on to since Nov 1, 2026/);
    for (const by of ['seen', 'server'] as const) {
      const doubtful = words('de', by);
      assert.equal(doubtful.kind, 'maybe');
      assert.match(doubtful.unproven.join(' '), /Dass dies die Wurzeln der Hersteller sind/);
    }
    for (const locale of ['en', 'de'] as const) {
      const all = words(locale, 'visitor');
      assert.doesNotMatch([all.title, ...all.leads, ...all.proven, ...all.unproven].join(' '), /[{}]|undefined/);
    }
  });
});

test('of the roots is said how many had to sign, and whether the list is signed by them or by those that follow', async () => {
  const third = (await createKeyPair()).signer;
  const one = pinsOf('visitor');
  const roots = [root, other, third];
  const [ids, keys] = [roots.map(({ keyId }) => keyId), roots.map(({ pubkeyB64 }) => pubkeyB64)];
  const oneOfThree: Pins = { ...one, ids, roots: keys };
  const answers = { manifest: await signManifest('stable', server) };
  const until = 'Trust list 1, which is in force until Feb 20, 2027, is signed by';
  const three = `the 3 roots that you named \\(.{16}…, .{16}…, .{16}…\\)`;
  for (const [pins, nextRoots, english, german] of [
    [
      one,
      [],
      `^${until} the root that you named \\(.{16}…\\)\\.$`,
      /signiert von der Wurzel, die Sie genannt haben \(/,
    ],
    [oneOfThree, [], `^${until} at least 1 of ${three}\\.$`, /signiert von mindestens 1 von den 3 Wurzeln, die Sie/],
    [one, [third], `^${until} the roots that follow, by signed changes, from the root that`, /aus der Wurzel, die Sie/],
    [oneOfThree, [third], `from ${three}; at least 1 of those had to sign the first change`, /mindestens 1 davon/],
  ] as const) {
    const outcome = await check({ pins, nextRoots, answers });
    assert.equal(outcome.kind, 'released');
    const point = (locale: 'en' | 'de') =>
      describeOutcome(outcome, { pins, claimed: undefined, say: createSay(locale), locale }).proven[0] ?? '';
    assert.match(point('en'), new RegExp(english));
    assert.match(point('de'), german);
  }
});

test('a file that is chosen ends the check of the one before, waits for its end, and overtakes those that wait', async () => {
  const takeTurn = createTurns();
  const told: string[] = [];
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const first = takeTurn(async (signal) => {
    told.push('first begins');
    await ended;
    told.push(`first ends, ${signal.aborted ? 'told to' : 'by itself'}`);
    throw new Error('refused');
  });
  await Promise.resolve();
  const overtaken = takeTurn(async () => void told.push('overtaken'));
  const last = takeTurn(async (signal) => void told.push(`last, ${signal.aborted ? 'told to end' : 'alone'}`));
  assert.deepEqual(told, ['first begins']);
  end();
  await assert.rejects(first);
  await Promise.all([overtaken, last]);
  assert.deepEqual(told, ['first begins', 'first ends, told to', 'last, alone']);
});

test('a digest in pieces is that of the whole, and ends when it is told to', async () => {
  const bytes = new Uint8Array(2_500_000).fill(7);
  const done: number[] = [];
  const signal = new AbortController().signal;
  const digest = await digestFile(new Blob([bytes]), { signal, onDigested: (at) => done.push(at) });
  assert.equal(digest, createHash('sha256').update(bytes).digest('hex'));
  assert.deepEqual(done, [0, 1_048_576, 2_097_152]);
  const meanwhile = new AbortController();
  const late = {
    signal: meanwhile.signal,
    onDigested: (at: number) => (at > 2_000_000 ? meanwhile.abort() : undefined),
  };
  await assert.rejects(digestFile(new Blob([bytes]), late), { name: 'AbortError' });
  const ended = { signal: AbortSignal.abort(), onDigested: () => undefined };
  await assert.rejects(digestFile(new Blob([bytes]), ended), { name: 'AbortError' });
});
