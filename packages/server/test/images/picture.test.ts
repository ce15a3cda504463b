import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { Refusal } from '../../src/errors.ts';
import { type PictureRules, readPicture } from '../../src/images/picture.ts';
import { createRasterDecoding } from '../../src/images/raster/decode.ts';
import { parseDrawing } from '../../src/images/svg/drawing.ts';
import { addPngChunk, claimSides, makeRaster, makeSvg } from './pictures.ts';

const rules: PictureRules = {
  kinds: ['png', 'jpeg', 'webp', 'gif', 'svg'],
  ...{ maxBytes: 1024 * 1024, maxPixels: 4_000_000, maxFrames: 10, minSide: 16, maxSide: 2048, rendition: 128 },
};
const decode = createRasterDecoding().decodeFor('home');
const read = (bytes: Uint8Array, more: Partial<PictureRules> = {}) => readPicture(decode, bytes, { ...rules, ...more });
const ruleOf = (rule: string) => (error: unknown) => error instanceof Refusal && error.rule === rule;
const program = '<?php system($_GET["c"]); ?>';

describe('raster pictures', () => {
  for (const kind of ['png', 'jpeg', 'webp', 'gif'] as const) {
    test(`a ${kind} is decoded and written anew as what it is`, async () => {
      const picture = await read(Buffer.concat([await makeRaster(kind), Buffer.from(program)]));
      assert.deepEqual([picture.kind, picture.width, picture.height], [kind, 64, 64]);
      assert.equal((await sharp(picture.bytes).metadata()).format, kind);
      assert.ok(!picture.bytes.includes('<?php'), 'what stood behind the picture is gone');
    });
  }

  test('comments, text and profiles are left out', async () => {
    const commented = addPngChunk(await makeRaster('png'), 'tEXt', `Comment\0${program}`);
    const jpeg = await sharp(await makeRaster('png'))
      .jpeg()
      .withExif({ IFD0: { Copyright: program } })
      .toBuffer();
    for (const bytes of [commented, jpeg]) {
      assert.ok(bytes.includes('<?php'), 'the program is in the file that is sent');
      const { bytes: written } = await read(bytes);
      assert.ok(!written.includes('<?php'));
      assert.equal((await sharp(written).metadata()).exif, undefined);
    }
  });

  test('the frames of an animation are kept', async () => {
    const frames = await Promise.all(['#f00', '#0f0', '#00f'].map((background) => makeFrame(background)));
    const animation = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    const picture = await read(animation);
    assert.equal(picture.height, 32);
    assert.equal((await sharp(picture.bytes, { animated: true }).metadata()).pages, 3);
    await assert.rejects(read(animation, { maxFrames: 2 }), ruleOf('image-frames'));
  });
});

function makeFrame(background: string): Promise<Buffer> {
  return sharp({ create: { width: 32, height: 32, channels: 3, background } })
    .png()
    .toBuffer();
}

describe('hostile pictures are refused by name', () => {
  const png = makeRaster('png');
  const cases: readonly [string, string, () => Promise<Buffer> | Buffer, Partial<PictureRules>?][] = [
    ['an empty file', 'image-empty', () => Buffer.alloc(0)],
    ['a program', 'image-type', () => Buffer.from(program)],
    ['a web page', 'image-type', () => Buffer.from('<html><script>alert(1)</script></html>')],
    ['an archive', 'image-type', () => Buffer.from('PK\x03\x04')],
    ['a BMP', 'image-type', () => Buffer.from('BM\x00\x00')],
    ['a TIFF', 'image-type', () => Buffer.from('II*\x00')],
    ['an image of ImageMagick', 'image-type', () => Buffer.from("push graphic-context\nfill 'url(https://x/\"|ls)'")],
    ['a PostScript', 'image-type', () => Buffer.from('%!PS-Adobe-3.0')],
    [
      'a program behind the header of a PNG',
      'image-decode',
      () => Buffer.from(`\x89PNG\r\n\x1a\n${program}`, 'latin1'),
    ],
    ['a program behind the header of a GIF', 'image-decode', () => Buffer.from(`GIF89a${program}`)],
    [
      'a program behind the header of a JPEG',
      'image-decode',
      () => Buffer.from(`\xff\xd8\xff\xe0${program}`, 'latin1'),
    ],
    ['a program behind the header of a WebP', 'image-decode', () => Buffer.from(`RIFF\0\0\0\0WEBP${program}`)],
    ['a PNG that is cut off', 'image-decode', async () => (await png).subarray(0, 80)],
    ['a PNG with a wrong checksum', 'image-decode', async () => damage(await png)],
    ['a PNG of 50,000 pixels a side', 'image-pixels', async () => claimSides(await png, 50_000, 50_000)],
    ['a PNG that claims rows it does not have', 'image-decode', async () => claimSides(await png, 64, 60_000)],
    ['more bytes than the place takes', 'image-bytes', () => png, { maxBytes: 100 }],
    ['a kind that the place does not take', 'image-type', () => makeRaster('gif'), { kinds: ['png'] }],
    ['sides below the least', 'image-dimensions', () => makeRaster('png', 8)],
    ['sides above the most', 'image-dimensions', () => makeRaster('png', 2049, 16)],
    ['no square', 'image-dimensions', () => makeRaster('png', 64, 32), { isSquare: true }],
    ['another size', 'image-dimensions', () => makeRaster('png', 64), { sizes: [[128, 128]] }],
  ];
  for (const [what, rule, make, more] of cases) {
    test(`${what}: ${rule}`, async () => {
      await assert.rejects(read(await make(), more), ruleOf(rule));
    });
  }
});

function damage(png: Buffer): Buffer {
  const copy = Buffer.from(png);
  const at = copy.indexOf('IDAT') + 8;
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

describe('drawings', () => {
  const drawing = makeSvg(
    '<title>A &amp; B</title><defs><linearGradient id="g"><stop offset="0" stop-color="#fff"/></linearGradient>' +
      '<clipPath id="c"><circle r="9"/></clipPath><symbol id="s"><path d="M0 0h9v9z"/></symbol></defs>' +
      '<rect class="x" data-name="y" width="64" height="64" style="fill: url(#g); opacity:.5" clip-path="url(#c)"/>' +
      '<use xmlns:x="http://www.w3.org/1999/xlink" x:href="#s"/><text x="1" y="2">&lt;hello&gt;</text>',
  );

  test('a drawing is written anew, with its references and its text', () => {
    const { bytes, width, height } = parseDrawing(drawing);
    assert.deepEqual([width, height], [64, 64]);
    const text = bytes.toString();
    assert.match(text, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 64 64"><title>A &amp; B<\/title>/);
    assert.match(text, /<rect width="64" height="64" clip-path="url\(#c\)" fill="url\(#g\)" opacity="\.5"\/>/);
    assert.match(text, /<use href="#s"\/><text x="1" y="2">&lt;hello&gt;<\/text><\/svg>$/);
    assert.deepEqual(parseDrawing(bytes).bytes, bytes, 'what was written is read as the same');
  });

  test('beside a drawing stands its PNG', async () => {
    const { kind, rendition } = await read(drawing);
    assert.equal(kind, 'svg');
    const { format, width, height } = await sharp(rendition).metadata();
    assert.deepEqual([format, width, height], ['png', 128, 128]);
  });

  const hostile: readonly [string, string, string | Buffer][] = [
    ['a script', 'svg-script', makeSvg('<script>alert(1)</script>')],
    ['a script of another namespace', 'svg-script', makeSvg('<x:script xmlns:x="http://www.w3.org/1999/xhtml"/>')],
    ['an event', 'svg-event', makeSvg('<rect onload="alert(1)"/>')],
    ['an event at the root', 'svg-event', makeSvg('', 'viewBox="0 0 1 1" onload="alert(1)"')],
    ['an event in capitals', 'svg-event', makeSvg('<rect ONCLICK="alert(1)"/>')],
    ['a style sheet', 'svg-style', makeSvg('<style>@import "https://evil.example/x.css";</style>')],
    ['a style that is no presentation', 'svg-style', makeSvg('<rect style="behavior:url(#x)"/>')],
    ['a style that loads', 'svg-style', makeSvg('<rect style="fill:url(https://evil.example/)"/>')],
    ['foreign content', 'svg-foreign-object', makeSvg('<foreignObject><p/></foreignObject>')],
    [
      'a frame',
      'svg-foreign-object',
      makeSvg('<iframe xmlns="http://www.w3.org/1999/xhtml" src="https://evil.example"/>'),
    ],
    ['an animation that sets a link', 'svg-animation', makeSvg('<set attributeName="href" to="javascript:alert(1)"/>')],
    ['an animation', 'svg-animation', makeSvg('<animate attributeName="x"/>')],
    ['an image from elsewhere', 'svg-element', makeSvg('<image href="https://evil.example/x.png"/>')],
    ['a link', 'svg-element', makeSvg('<a href="javascript:alert(1)"><text>x</text></a>')],
    ['a filter', 'svg-element', makeSvg('<filter id="f"><feImage href="https://evil.example"/></filter>')],
    ['metadata', 'svg-element', makeSvg('<metadata/>')],
    ['an element named as what all objects have', 'svg-element', makeSvg('<constructor/>')],
    ['another one', 'svg-element', makeSvg('<toString/>')],
    [
      'elements of an editor',
      'svg-namespace',
      makeSvg('<i:view xmlns:i="http://www.inkscape.org/namespaces/inkscape"/>'),
    ],
    ['attributes of an editor', 'svg-namespace', makeSvg('<g xmlns:i="http://www.inkscape.org/x" i:label="x"/>')],
    ['a web page as root', 'svg-namespace', '<svg xmlns="http://www.w3.org/1999/xhtml"/>'],
    ['no namespace', 'svg-namespace', '<svg viewBox="0 0 1 1"/>'],
    ['another root', 'svg-element', '<g xmlns="http://www.w3.org/2000/svg"/>'],
    ['a DOCTYPE', 'svg-doctype', '<!DOCTYPE svg [<!ENTITY x "y">]><svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['an entity', 'svg-entity', makeSvg('<text>&xxe;</text>')],
    [
      'a style sheet by instruction',
      'svg-instruction',
      Buffer.concat([Buffer.from('<?xml-stylesheet href="https://evil.example"?>'), makeSvg('')]),
    ],
    ['a copy from elsewhere', 'svg-reference', makeSvg('<use href="https://evil.example/x.svg#a"/>')],
    ['a copy by data', 'svg-reference', makeSvg('<use href="data:image/svg+xml;base64,AAAA#a"/>')],
    ['a copy of itself', 'svg-reference', makeSvg('<g id="a"><use href="#a"/></g>')],
    ['a copy of nothing', 'svg-reference', makeSvg('<use href="#none"/>')],
    ['a fill from elsewhere', 'svg-value', makeSvg('<rect fill="url(https://evil.example/#g)"/>')],
    ['a fill by a name with an escape', 'svg-value', makeSvg('<rect fill="u\\72l(x)"/>')],
    ['a fill of what is no gradient', 'svg-reference', makeSvg('<g id="g"/><rect fill="url(#g)"/>')],
    ['a loading font', 'svg-reference', makeSvg('<text font-family="url(x)">a</text>')],
    ['a function that nobody knows', 'svg-value', makeSvg('<rect width="expression(1)"/>')],
    ['an unknown attribute', 'svg-attribute', makeSvg('<rect filter="url(#f)"/>')],
    ['a reference where none belongs', 'svg-reference', makeSvg('<rect href="#a"/>')],
    ['text where none is shown', 'svg-element', makeSvg('<g>javascript:alert(1)</g>')],
    ['an id twice', 'svg-value', makeSvg('<g id="a"/><g id="a"/>')],
    ['no size', 'svg-size', makeSvg('', '')],
    ['a size that is none', 'svg-size', makeSvg('', 'viewBox="0 0 -1 1e9"')],
    ['broken XML', 'svg-malformed', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><g></svg>')],
    ['another encoding', 'svg-encoding', Buffer.from('<?xml version="1.0" encoding="UTF-7"?><svg/>')],
    [
      'bytes that are no UTF-8',
      'svg-encoding',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" id="\xff"/>', 'latin1'),
    ],
    ['thousands of levels', 'svg-limits', makeSvg('<g>'.repeat(5000))],
    ['a million elements', 'svg-limits', makeSvg('<g/>'.repeat(10_001))],
    [
      'copies that multiply',
      'svg-limits',
      makeSvg(`<g id="a">${'<path/>'.repeat(200)}</g>${'<use href="#a"/>'.repeat(200)}`),
    ],
    [
      'copies of copies',
      'svg-reference',
      makeSvg('<g id="a"><path/></g><g id="b"><use href="#a"/></g><use href="#b"/>'),
    ],
  ];
  for (const [what, rule, bytes] of hostile) {
    test(`${what}: ${rule}`, () => {
      assert.throws(() => parseDrawing(Buffer.from(bytes)), ruleOf(rule));
    });
  }

  test('whatever is accepted is read again as the same, and names nothing outside', () => {
    const names = fc.constantFrom('g', 'path', 'rect', 'use', 'text', 'script', 'image', 'linearGradient', 'a', 'svg');
    const attributes = fc.constantFrom('id', 'href', 'fill', 'style', 'onload', 'd', 'x', 'transform', 'xlink:href');
    const values = fc.oneof(
      fc.constantFrom('#a', 'url(#a)', 'url(https://x)', 'javascript:x', 'a', '1', 'fill:url(x)', 'M0 0', '&#106;'),
      fc.string({ maxLength: 12 }).map((text) => text.replace(/[&<>"]/g, '')),
    );
    const element = fc.tuple(names, attributes, values);
    fc.assert(
      fc.property(fc.array(element, { maxLength: 6 }), (items) => {
        const content = items.map(([name, attribute, value]) => `<${name} ${attribute}="${value}"/>`).join('');
        const svg = makeSvg(content, 'viewBox="0 0 9 9" xmlns:xlink="http://www.w3.org/1999/xlink"');
        const first = tryParse(svg);
        if (!first) return;
        assert.doesNotMatch(first.toString(), /script|javascript|<image|<a |onload|https:\/\/|url\([^#]/);
        assert.deepEqual(tryParse(first), first);
      }),
    );
  });
});

function tryParse(bytes: Buffer): Buffer | undefined {
  try {
    return parseDrawing(bytes).bytes;
  } catch (error) {
    assert.ok(error instanceof Refusal && /^(?:svg|image)-/.test(error.rule ?? ''), String(error));
    return undefined;
  }
}
