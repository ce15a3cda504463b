import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { codePoint } from '../../../../protocol/test/code-points.ts';
import { Tickets, type TicketUse, ticketLifeMs } from '../../../src/accounts/factors/tickets.ts';
import { Refusal } from '../../../src/errors.ts';

const use: TicketUse = { purpose: 'log-in', subject: 'o/p' };
const write = (ticket: Uint8Array) => Buffer.from(ticket).toString('base64url');

test('a ticket counts once, until it ends, for what it was made for, where it was made', () => {
  const tickets = new Tickets();
  const ticket = write(tickets.issue(use, 1000));
  assert.ok(tickets.holds(ticket, use, 1000 + ticketLifeMs - 1));
  assert.ok(!tickets.holds(ticket, use, 1000 + ticketLifeMs));
  assert.ok(!tickets.holds(ticket, { ...use, subject: 'o/q' }, 1000));
  assert.ok(!tickets.holds(ticket, { ...use, purpose: 'second-factor' }, 1000));
  assert.ok(!new Tickets().holds(ticket, use, 1000));
  tickets.spend(ticket, use, 1000);
  assert.ok(!tickets.holds(ticket, use, 1000));
  assert.throws(() => tickets.spend(ticket, use, 1000), Refusal);
});

test('a ticket with one letter changed does not hold, nor does any other text', () => {
  const tickets = new Tickets();
  const ticket = write(tickets.issue(use, 0));
  const letters = fc.constantFrom(...'AZaz09-_=+/ ');
  fc.assert(
    fc.property(fc.nat({ max: ticket.length - 1 }), letters, (place, letter) => {
      const changed = ticket.slice(0, place) + letter + ticket.slice(place + 1);
      assert.equal(tickets.holds(changed, use, 0), changed === ticket);
    }),
  );
  fc.assert(fc.property(fc.string({ unit: codePoint }), (text) => assert.ok(!tickets.holds(text, use, 0))));
});

test('what is spent is forgotten once it would have ended', () => {
  const tickets = new Tickets();
  for (let at = 0; at < 20; at++) tickets.spend(write(tickets.issue(use, at * ticketLifeMs)), use, at * ticketLifeMs);
  const last = write(tickets.issue(use, 20 * ticketLifeMs));
  assert.ok(tickets.holds(last, use, 20 * ticketLifeMs));
});
