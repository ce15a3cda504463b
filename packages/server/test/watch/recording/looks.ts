/** A process that looks, by the scheduler, until it is killed, and says what a look had recorded: `looks.ts LOCATION SLUG ROUND`. */
import { argv, stdout } from 'node:process';
import { openDatabase } from '../../../src/storage/database/open.ts';
import { createObserving } from '../../../src/watch/observing/scheduler.ts';
import { silentLog } from '../../silent-log.ts';
import { keyless, stranger, usualFacts } from '../drift/scene.ts';
import { away, listingOf, readAll, ScriptedReader, show, versionOf } from '../observing/scripted-reader.ts';
import { contentOf, day, start } from './desk.ts';

const [, , location = '{}', , round = '0'] = argv;
const database = await openDatabase(JSON.parse(location), { create: false });
const reader = new ScriptedReader();
let at = start;
const observing = createObserving({
  ...{ database, now: () => at, log: silentLog, random: () => 0, readers: readAll(reader) },
});
const perLook = 6;
for (let first = 100 + Number(round) * 1000; ; first += perLook) {
  const days = Array.from({ length: perLook }, (_, index) => first + index);
  reader.seen.clear();
  const [, attack = 0, unread = 0, silent = 0] = days;
  // A stranger, what cannot be judged, and what is not answered stand among the good ones.
  reader.seen.set(`1.0.${attack}`, {
    ...show(versionOf(attack)),
    facts: { ...usualFacts, content: contentOf(attack), signatures: [keyless(stranger)] },
  });
  reader.seen.set(`1.0.${unread}`, {
    ...show(versionOf(unread)),
    facts: { ...usualFacts, content: contentOf(unread), signatures: 'unknown' },
  });
  reader.seen.set(`1.0.${silent}`, away);
  reader.listing = listingOf(days);
  at = start + (first + perLook) * day;
  await observing.drain();
  for (const onDay of days) if (onDay !== silent) stdout.write(`${onDay}\n`);
}
