/** Which settings are in force, told to whoever runs the server: every one with its meaning, and nothing that is secret. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { listVariables } from '../../src/config.ts';
import { Reader } from '../../src/config-reader.ts';
import { findEntry, readManual } from '../../src/doctor/manual.ts';
import { problem } from '../planes-problem.ts';
import { openPlanesScene } from '../planes-scene.ts';

suite('the manual', () => {
  test('has an entry with default and meaning for every variable that the server reads', async () => {
    const manual = await readManual();
    for (const { name } of listVariables({})) {
      const { fallback = '', meaning = '' } = findEntry(manual, name) ?? {};
      assert.ok(fallback !== '' && meaning.endsWith('.'), name);
    }
    for (const name of manual.flatMap(({ variables }) => variables)) {
      assert.ok(
        listVariables({}).some((read) => read.name === name),
        name,
      );
    }
    assert.deepEqual(findEntry(manual, 'SIGNPOST_SCAN'), {
      ...{ variables: ['SIGNPOST_SCAN'], fallback: '`required`' },
      meaning: '`off` accepts uploads unscanned, and says so in manifest and badge.',
    });
    assert.match(findEntry(manual, 'SIGNPOST_MAIL_FROM')?.meaning ?? '', /the sender's address/);
    assert.match(findEntry(manual, 'SIGNPOST_BASE_URL')?.meaning ?? '', /how clients reach this server/);
  });

  test('shows nothing that nobody decided on', () => {
    const reader = new Reader({ SIGNPOST_NEW: 'hunter2', SIGNPOST_SCAN: 'off' });
    reader.read('SIGNPOST_NEW', String, undefined);
    reader.readShown('SIGNPOST_SCAN', String, undefined);
    assert.deepEqual(reader.listRead(), [
      { name: 'SIGNPOST_NEW', isSet: true, value: undefined },
      { name: 'SIGNPOST_SCAN', isSet: true, value: 'off' },
    ]);
  });

  test('shows no address of a service, which may name a user', () => {
    const every = Object.fromEntries(listVariables({}).map(({ name }) => [name, 'hunter2@host']));
    const hidden = listVariables(every).filter(({ isSet, value }) => isSet && value === undefined);
    assert.deepEqual(
      hidden.map(({ name }) => name),
      ['SIGNPOST_DATABASE', 'SIGNPOST_BUS', 'SIGNPOST_SMTP_URL'],
    );
    assert.deepEqual(
      listVariables({ SIGNPOST_SCAN: ' ' }).filter(({ isSet }) => isSet),
      [],
    );
  });
});

test('settings are told to admins of the default organisation alone', async (t) => {
  const environment = { SIGNPOST_SMTP_URL: 'smtp://127.0.0.1:2525', SIGNPOST_MAIL_FROM: 'signpost@sign.example' };
  const scene = await openPlanesScene(t, { environment });
  const [admin, manager] = await Promise.all([
    scene.openKey(scene.home, ['admin']),
    scene.openKey(scene.home, ['manage']),
  ]);
  const { status, json } = await scene.ask('GET', '/api/settings', { as: admin });
  assert.equal(status, 200);
  const settings = json.settings as { name: string; set: boolean; value: string | null; default: string }[];
  const find = (name: string) => settings.find((setting) => setting.name === name);
  assert.deepEqual([find('SIGNPOST_SMTP_URL')?.set, find('SIGNPOST_SMTP_URL')?.value], [true, null]);
  assert.equal(find('SIGNPOST_MAIL_FROM')?.value, 'signpost@sign.example');
  assert.deepEqual([find('SIGNPOST_LOG_LEVEL')?.set, find('SIGNPOST_LOG_LEVEL')?.default], [false, '`info`']);
  assert.doesNotMatch(JSON.stringify(json), /127.0.0.1:2525/);
  assert.equal(problem(await scene.ask('GET', '/api/settings', { as: manager })), '403 role');
});
