import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DirectResponder, DirectResponders } from '../../src/http/direct-responders.ts';

const responder: DirectResponder = { route: 'POST /x', respond: () => Promise.reject(new Error('nobody asks')) };

test('who answers is found at its host and target only', () => {
  const responders = new DirectResponders();
  responders.keep({ host: 'a', target: '/x', generation: responders.generation }, responder);
  assert.equal(responders.find('a', '/x'), responder);
  for (const [host, target] of [
    ['b', '/x'],
    ['a', '/x?'],
    ['', 'a /x'],
  ] as const)
    assert.equal(responders.find(host, target), undefined);
});

test('what was found before host names changed is neither kept nor found', () => {
  const responders = new DirectResponders();
  const { generation } = responders;
  responders.keep({ host: 'a', target: '/x', generation }, responder);
  responders.forgetAll();
  assert.equal(responders.find('a', '/x'), undefined);
  responders.keep({ host: 'a', target: '/x', generation }, responder);
  assert.equal(responders.find('a', '/x'), undefined);
});

test('many host names fill no memory; the newest stay', () => {
  const responders = new DirectResponders();
  const { generation } = responders;
  for (let index = 0; index < 3000; index++) {
    responders.keep({ host: `h${index}`, target: '/x', generation }, responder);
  }
  const found = Array.from({ length: 3000 }, (_, index) => responders.find(`h${index}`, '/x')).filter(Boolean);
  assert.equal(found.length, 1000);
  assert.ok(responders.find('h2999', '/x'));
});
