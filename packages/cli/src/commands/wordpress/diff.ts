/** The diff of a deploy, in lines. */
import { asObject, type JsonObject, objectsOf, textOf, textsOf } from '../../http/answer.ts';
import { formatSize } from '../../terminal/table.ts';

const signs: Readonly<Record<string, string>> = { added: 'A', deleted: 'D', modified: 'M', replaced: 'R' };

/** First the list of paths with sizes, then the changes of text when they are wanted, then sums. */
export function describeDiff(diff: JsonObject, wish: { readonly text: boolean }): readonly string[] {
  const changes = objectsOf(diff, 'changes');
  const text = wish.text ? ['', ...textOf(diff, 'text').trimEnd().split('\n'), ''] : [];
  const cut = diff.text_cut === true ? ['The rest of the text is left out: the list above is whole.'] : [];
  const count = (action: string) => changes.filter((change) => change.action === action).length;
  const sums = Object.keys(signs).map((action) => `${count(action)} ${action}`);
  return [...changes.map(describeChange), ...text, ...cut, sums.join(', ')];
}

function describeChange(change: JsonObject): string {
  const folder = change.kind === 'directory' ? '/' : '';
  const notes = [
    describeSizes(change),
    ...(change.executable === true ? ['executable'] : []),
    describeSides(change),
    ...textsOf(change, 'properties'),
  ];
  const told = notes.filter((note) => note !== '').join(', ');
  return `${signs[textOf(change, 'action')] ?? '?'} ${textOf(change, 'path')}${folder}${told === '' ? '' : ` (${told})`}`;
}

function describeSizes({ size_before: before, size_after: after }: JsonObject): string {
  const sizes = [before, after].filter((size) => typeof size === 'number').map(formatSize);
  return sizes.join(' -> ');
}

/** Of pictures, in pixels. */
function describeSides({ picture }: JsonObject): string {
  if (picture === null || picture === undefined) return '';
  const { before, after } = asObject(picture);
  const sides = [before, after].filter((side) => side !== null && side !== undefined).map(asObject);
  return sides.map(({ width, height }) => (width === null ? 'unknown size' : `${width} × ${height}`)).join(' -> ');
}
