/** A process that records until it is killed, and says what it was told is recorded: `loop.ts LOCATION SLUG ROUND`. */
import { argv, stdout } from 'node:process';
import { openDatabase } from '../../../src/storage/database/open.ts';
import { keyless, stranger } from '../drift/scene.ts';
import { joinDesk } from './desk.ts';

const [, , location = '{}', slug = '', round = '0'] = argv;
const database = await openDatabase(JSON.parse(location), { create: false });
const desk = await joinDesk(database, slug);
for (let count = 0; ; count += 1) {
  const onDay = 100 + Number(round) * 1000 + count;
  desk.goTo(onDay);
  // A stranger comes again and again, also to what was good before.
  const isAttack = count % 3 === 2;
  await desk.see(onDay, isAttack ? { signatures: [keyless(stranger)] } : {}, {
    version: `1.0.${onDay}`,
    tag: `t${count % 5}`,
  });
  stdout.write(`${onDay}\n`);
}
