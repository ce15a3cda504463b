/** Verdicts on references, from what was really recorded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FactSet } from '../../../src/watch/facts/fact-set.ts';
import { decideFinding } from '../../../src/watch/findings/decide.ts';
import { listFindings, updateFinding } from '../../../src/watch/findings/store.ts';
import { parseGateReference, readVerdict } from '../../../src/watch/gates/verdict.ts';
import { learningPresets } from '../../../src/watch/learning/rules.ts';
import { quarantineArtifact } from '../../../src/watch/observations/store.ts';
import { changePolicy, readPolicy } from '../../../src/watch/policies/policy.ts';
import { proposePolicy } from '../../../src/watch/policies/proposal.ts';
import { record } from '../../../src/watch/recording/record.ts';
import { lineOf } from '../../../src/watch/sources/line.ts';
import { addSource } from '../../../src/watch/sources/source.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { keyless, stranger, usualFacts, workflow } from '../drift/scene.ts';
import { contentOf, type Desk, day, openDesk, openEstablished, start } from '../recording/desk.ts';

const attack = { signatures: [keyless(stranger)], provenance: [] };

forEachEngine((_name, open) => {
  const database = open();
  let count = 0;
  const establish = async () => openEstablished(await database, `gate-${++count}`);

  /** Sees a tag that leads to a content. */
  const push = (desk: Desk, tag: string, content: number, facts: Partial<FactSet> = {}) =>
    record(desk, {
      ...{ organisationId: desk.caller.organisationId, sourceId: desk.source.id },
      artifacts: [
        {
          ...{ line: lineOf(tag), names: { tag }, isDefault: false },
          facts: { ...usualFacts, content: contentOf(content), publishedAt: desk.now(), ...facts },
        },
      ],
    });
  const ask = (desk: Desk, ref: string, { digest, environment }: { digest?: number; environment?: string } = {}) =>
    readVerdict(desk, {
      organisationId: desk.caller.organisationId,
      reference: parseGateReference(ref, digest === undefined ? undefined : `sha256:${contentOf(digest)}`),
      environment,
    });
  const say = async (...args: Parameters<typeof ask>) => {
    const { outcome, reasons } = await ask(...args);
    return [outcome, ...reasons.map(({ code }) => code)];
  };
  const app = 'ghcr.io/org/app';

  test('what was seen and is as ever passes, by a revision and until the next look', async () => {
    const desk = await establish();
    const verdict = await ask(desk, app, { digest: 3 });
    const { outcome, content, revision, judgedAt, expiresAt, level, policy } = verdict;
    assert.deepEqual([outcome, content, revision?.line, level, policy.version], ['ok', contentOf(3), '1', 2, 0]);
    assert.ok(expiresAt > judgedAt && expiresAt <= judgedAt + 3_600_000);
    assert.deepEqual(await say(desk, `${app}:1.0.2`), ['ok', 'reference.unpinned']);
    await push(desk, '1.0.9', 9);
    await push(desk, '1.0.9', 10);
    assert.equal((await ask(desk, `${app}:1.0.9`, { digest: 9 })).reasons[0]?.code, 'reference.moved');
  });

  test('what was never seen, and what nobody watches, is unknown', async () => {
    const desk = await establish();
    assert.deepEqual(await say(desk, app, { digest: 99 }), ['unknown', 'artifact.unseen']);
    assert.deepEqual(await say(desk, `${app}:nothing`), ['unknown', 'reference.unpinned', 'artifact.unseen']);
    assert.deepEqual(await say(desk, 'quay.io/org/app', { digest: 3 }), ['unknown', 'source.unwatched']);
    assert.throws(() => parseGateReference('ghcr.io/Org/app', undefined), { rule: 'source-reference' });
  });

  test('a stranger is denied until somebody accepts them, and an attack that was rejected for ever', async () => {
    const desk = await establish();
    await desk.see(4, { signatures: [keyless(stranger)] });
    assert.equal((await ask(desk, app, { digest: 4 })).outcome, 'deny');
    const { organisationId } = desk.caller;
    const [row] = await listFindings(desk.database.query, { organisationId, limit: 9 });
    const verdict = { kind: 'accept', scope: 'line', until: start + 12 * day } as const;
    await decideFinding(desk, desk.caller, { id: row?.id ?? '', reason: 'known', verdict });
    assert.equal((await ask(desk, app, { digest: 4 })).outcome, 'ok');
    await decideFinding(desk, desk.caller, { id: row?.id ?? '', reason: 'an attack', verdict: { kind: 'reject' } });
    assert.ok((await say(desk, app, { digest: 4 })).includes('artifact.quarantined'));
  });

  test('an acceptance ends by the clock, before anybody goes by, and what is critical freezes its line again', async () => {
    const desk = await establish();
    await desk.see(4, { signatures: [keyless(stranger)] });
    const { organisationId } = desk.caller;
    const [row] = await listFindings(desk.database.query, { organisationId, limit: 9 });
    const verdict = { kind: 'accept', scope: 'line', until: start + 12 * day } as const;
    await decideFinding(desk, desk.caller, { id: row?.id ?? '', reason: 'known', verdict });
    await desk.see(5);
    assert.equal((await ask(desk, app, { digest: 4 })).outcome, 'ok');
    desk.goTo(11);
    await desk.see(6);
    assert.deepEqual(await say(desk, app, { digest: 6 }), ['ok']);
    desk.goTo(12);
    assert.deepEqual(await say(desk, app, { digest: 4 }), ['deny', 'identity.new_owner']);
    assert.deepEqual(await say(desk, app, { digest: 6 }), ['deny', 'line.frozen']);
  });

  test('a critical finding that is one of many still freezes its line', async () => {
    const desk = await establish();
    await desk.see(4, { signatures: [keyless(stranger)] });
    const { organisationId } = desk.caller;
    const [row] = await listFindings(desk.database.query, { organisationId, limit: 9 });
    assert.ok(row && (await desk.database.transaction((tx) => updateFinding(tx, row, { state: 'collapsed' }))));
    desk.goTo(11);
    await desk.see(5);
    assert.deepEqual(await say(desk, app, { digest: 5 }), ['deny', 'line.frozen']);
  });

  test('who signs once in an unprotected place, waits for thirty days and deploys to a protected one is denied', async () => {
    const desk = await establish();
    // As pull requests, which nobody protects, and every day: their line knows the stranger well.
    for (const onDay of [11, 12, 13, 14]) {
      desk.goTo(onDay);
      await push(desk, `pr-${onDay}`, 1000 + onDay, attack);
    }
    desk.goTo(44);
    await push(desk, 'pr-44', 1044, attack);
    assert.deepEqual((await say(desk, `${app}:pr-44`, { digest: 1044 }))[0], 'deny');
    assert.deepEqual((await say(desk, app, { digest: 1044 }))[0], 'deny');
    // Under the name of a release, of one that never moved, and of lines that they begin themselves.
    for (const [index, tag] of ['1.0.44', 'stable', '99.0.0', '0.0.1'].entries()) {
      await push(desk, tag, 1044, attack);
      assert.equal((await ask(desk, `${app}:${tag}`, { digest: 1044 })).outcome, 'deny', tag);
      for (const onDay of [1, 2, 3]) {
        desk.goTo(44 + 10 * index + onDay);
        await push(desk, tag.replace(/\d$/, String(onDay)), 2000 + 10 * index + onDay, attack);
      }
    }
    desk.goTo(120);
    for (const content of [2021, 2022, 2023, 2031, 2032, 2033]) {
      const [outcome, ...codes] = await say(desk, app, { digest: content });
      assert.deepEqual([outcome, codes.includes('line.new_signer')], ['deny', true], String(content));
    }
    // A gate that lets the unknown pass does not let this pass.
    const document = { schema: 1, rules: [{ name: 'all', mode: 'enforce', on_unknown: 'allow' }] };
    await changePolicy(desk, desk.caller, document);
    assert.equal((await ask(desk, app, { digest: 1044 })).outcome, 'deny');
    assert.equal((await ask(desk, app, { digest: 3 })).outcome, 'ok');
  });

  test('what a policy requires holds where no line protects as well, and so does what was rejected', async () => {
    const desk = await openDesk(await database, `gate-${++count}`);
    desk.goTo(10);
    await push(desk, 'pr-1', 1, attack);
    const { issuer, subject } = workflow();
    const require = { signers: [{ issuer, subject }] };
    await changePolicy(desk, desk.caller, {
      ...{ schema: 1, rules: [{ name: 'all', mode: 'enforce', on_unknown: 'allow', require }] },
    });
    assert.deepEqual(await say(desk, app, { digest: 1 }), ['deny', 'line.unprotected', 'required.signer']);
    await push(desk, 'pr-2', 7002);
    assert.deepEqual(await say(desk, app, { digest: 7002 }), ['ok', 'line.unprotected']);
    // A release line that somebody else begins, before anybody knows it.
    await push(desk, '1.0.1', 3, attack);
    assert.deepEqual((await say(desk, app, { digest: 3 })).slice(-1), ['required.signer']);
    const row = await desk.database.query
      .selectFrom('watch_artifact')
      .select('number')
      .where('content', '=', contentOf(7002))
      .executeTakeFirstOrThrow();
    await desk.database.transaction((tx) => quarantineArtifact(tx, row.number, desk.now()));
    assert.ok((await say(desk, app, { digest: 7002 })).includes('artifact.quarantined'));
  });

  test('an old line that is never signed vouches for nothing outside of it, and for no name of a line that is', async () => {
    const desk = await establish();
    const bare = { signatures: [], provenance: [] };
    for (const number of [1, 2, 3])
      await push(desk, `0.1.${number}`, 500 + number, { ...bare, publishedAt: start + number * day });
    assert.deepEqual(await say(desk, app, { digest: 503 }), ['ok']);
    await push(desk, 'pr-5', 510, bare);
    assert.equal((await ask(desk, app, { digest: 510 })).outcome, 'deny');
    // The tag was moved a moment ago, and nobody has looked since.
    await push(desk, '1.0.5', 505);
    await push(desk, '0.1.9', 509, bare);
    assert.deepEqual(await say(desk, app, { digest: 509 }), ['ok']);
    assert.equal((await ask(desk, `${app}:1.0.5`, { digest: 509 })).outcome, 'deny');
  });

  test('bytes that somebody rejected in one source are denied in every source of the organisation, and of no other', async () => {
    const desk = await establish();
    const other = await establish();
    const elsewhere = await addSource(desk, desk.caller, {
      ...{ reference: 'quay.io/org/app', rules: learningPresets.usual, isDevelopment: false },
    });
    for (const onDay of [1, 2, 3]) {
      await push({ ...desk, source: elsewhere }, `1.0.${onDay}`, onDay, { publishedAt: start + onDay * day });
    }
    await push(desk, '1.0.3', 3);
    await push(desk, '1.0.3', 600);
    await push({ ...desk, source: elsewhere }, '1.0.6', 600);
    await push(other, '1.0.6', 600);
    const copy = 'quay.io/org/app';
    assert.equal((await ask(desk, copy, { digest: 600 })).outcome, 'ok');
    const { organisationId } = desk.caller;
    const rows = await listFindings(desk.database.query, { organisationId, limit: 9 });
    const row = rows.find(({ kind }) => kind === 'tag.mutated');
    await decideFinding(desk, desk.caller, { id: row?.id ?? '', reason: 'an attack', verdict: { kind: 'reject' } });
    assert.ok((await say(desk, copy, { digest: 600 })).includes('artifact.quarantined'));
    assert.equal((await ask(other, app, { digest: 600 })).outcome, 'ok');
  });

  test('a new line of the same signers passes when it is known', async () => {
    const desk = await establish();
    for (const onDay of [20, 21, 22]) {
      desk.goTo(onDay);
      await push(desk, `2.0.${onDay}`, onDay);
      assert.equal((await ask(desk, app, { digest: onDay })).outcome, onDay === 22 ? 'ok' : 'unknown');
    }
  });

  test('policies come in versions, and the same one is no new version', async () => {
    const desk = await establish();
    const { query } = desk.database;
    const { organisationId } = desk.caller;
    const document = (mode: string) => ({ schema: 1, rules: [{ name: 'all', mode }] });
    assert.equal((await changePolicy(desk, desk.caller, document('observe'))).version, 1);
    assert.equal((await changePolicy(desk, desk.caller, document('observe'))).version, 1);
    await assert.rejects(changePolicy(desk, desk.caller, document('perhaps')), { rule: 'watch-policy' });
    assert.equal((await readPolicy(query, organisationId)).document.rules[0]?.mode, 'observe');
    assert.equal((await changePolicy(desk, desk.caller, document('enforce'))).version, 2);
  });

  test('what was learned is proposed as a policy, and what passes now passes under it', async () => {
    const desk = await establish();
    const { organisationId } = desk.caller;
    const proposed = await proposePolicy(desk.database.query, { organisationId, source: undefined });
    const [rule] = proposed.rules;
    const { issuer, subject, ownerId, repositoryId } = workflow();
    assert.deepEqual(rule?.match, { source: 'oci:ghcr.io/org/app' });
    assert.deepEqual(rule?.require, {
      signers: [{ issuer, subject, ownerId, repositoryId, refType: 'tag' }],
      builders: ['https://github.com/actions/runner/github-hosted'],
      ...{ slsa_level: 2, sbom: true, transparency: true },
    });
    const none = await proposePolicy(desk.database.query, { organisationId, source: 'npm:**' });
    assert.deepEqual(none.rules, []);
    await changePolicy(desk, desk.caller, proposed);
    assert.equal((await ask(desk, app, { digest: 3 })).outcome, 'ok');
    await desk.see(4, attack);
    assert.ok((await say(desk, app, { digest: 4 })).includes('required.signer'));
  });
});
