/** What the console makes of the text of a diff. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitDiff } from '../src/areas/wordpress/unified-diff.ts';

const rule = '='.repeat(67);
const text = `Index: trunk/a.php
${rule}
--- trunk/a.php\t(revision 1)
+++ trunk/a.php\t(working copy)
@@ -1,3 +1,3 @@
 <?php
-Index: trunk/evil.php
+++ $i;
\\ No newline at end of file
Index: trunk/logo.png
${rule}
Cannot display: file marked as a binary type.
svn:mime-type = application/octet-stream

Property changes on: trunk/logo.png
___________________________________________________________________
Added: svn:mime-type
## -0,0 +1 ##
+application/octet-stream
`;

test('a diff is taken apart by files, with what was added, removed and stayed', () => {
  const files = splitDiff(text);
  assert.deepEqual([...files.keys()], ['a.php', 'logo.png']);
  assert.deepEqual(files.get('a.php'), [
    { kind: 'place', text: '@@ -1,3 +1,3 @@' },
    { kind: 'same', text: '<?php' },
    { kind: 'removed', text: 'Index: trunk/evil.php' },
    { kind: 'added', text: '++ $i;' },
  ]);
  assert.deepEqual(files.get('logo.png'), [{ kind: 'property', text: 'Added: svn:mime-type' }]);
});

test('a diff of nothing has no files', () => {
  assert.equal(splitDiff('').size, 0);
});
