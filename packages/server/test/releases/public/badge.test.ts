import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { addStoredDraft, openPlanesScene, openShop } from '../../planes-scene.ts';
import { addProject } from '../scene.ts';

/** A strict reading of the XML that the badge is written in: elements, attributes in double quotes, text. */
function assertWellFormed(xml: string): void {
  const open: string[] = [];
  const token = /<(\/?)([a-z]+)((?: [a-z:-]+="[^"<&]*")*)(\/?)>|([^<&>]+)/gy;
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex;
    const match = token.exec(xml);
    assert.ok(match, `expected XML at ${at}: ${xml.slice(at, at + 40)}`);
    const [, closing, name, , empty] = match;
    if (name === undefined) continue;
    if (closing) assert.equal(open.pop(), name);
    else if (!empty) open.push(name);
  }
  assert.deepEqual(open, []);
}

suite('the badge', () => {
  test('is a well-formed picture that tells version and scan', async (t) => {
    const scene = await openPlanesScene(t);
    const { projectId, key: as } = await openShop(scene);
    const shapes: string[] = [];
    for (const version of ['2.0.0-beta.1+build_5~x', 'v', `1${'0'.repeat(63)}`]) {
      await addStoredDraft(scene, { projectId, version });
      await scene.ask('POST', `/api/projects/rocket/releases/${version}/activate`, { as });
      const { status, headers, body } = await scene.ask('GET', '/api/projects/rocket/badge.svg');
      assert.deepEqual([status, headers['content-type']], [200, 'image/svg+xml']);
      assertWellFormed(body.toString());
      assert.ok(body.toString().includes(`${version} signed, not scanned`));
      assert.match(String(headers['content-security-policy']), /^default-src 'none'/);
      shapes.push(body.toString());
    }
    assert.equal(new Set(shapes).size, 3);
  });

  test('says that there is no release, or none that verifies; without a project there is none', async (t) => {
    const scene = await openPlanesScene(t);
    await addProject(scene.home, 'empty');
    const { status, body } = await scene.ask('GET', '/api/projects/empty/badge.svg');
    assert.deepEqual([status, body.toString().includes('no release')], [200, true]);
    assertWellFormed(body.toString());
    assert.equal((await scene.ask('GET', '/api/projects/nothing/badge.svg')).status, 404);
    await openShop(scene);
    scene.home.travel(31 * 86_400_000);
    assert.ok((await scene.ask('GET', '/api/projects/rocket/badge.svg')).body.toString().includes('no release'));
  });
});
