/** Lock files and metadata of each ecosystem, and what is none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isPackageFile, readPackageFile } from '../../../../src/evidence/sboms/generation/package-files.ts';

/** What a file names, as `type namespace/name version evidence licences supplier`. */
function read(path: string, content: string | object): string[] {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  assert.ok(isPackageFile(path), path);
  return readPackageFile(path, Buffer.from(text)).map(
    ({ type, namespace, name, version, evidence, licences, supplier }) =>
      [type, namespace === undefined ? name : `${namespace}/${name}`, version, evidence, licences.join(','), supplier]
        .filter(Boolean)
        .join(' '),
  );
}

test('npm: locked packages in all depths, without links and the project itself', () => {
  const packages = {
    '': { name: 'app', version: '1.0.0' },
    'node_modules/lodash': { version: '4.17.21', license: 'MIT' },
    'node_modules/a/node_modules/@babel/core': { version: '7.0.0', dev: true },
    'node_modules/alias': { name: 'real', version: '2.0.0' },
    'node_modules/own': { resolved: 'packages/own', link: true },
    'packages/own': { version: '0.1.0' },
  };
  for (const lockfileVersion of [2, 3]) {
    assert.deepEqual(read('app/package-lock.json', { lockfileVersion, packages }), [
      'npm lodash 4.17.21 lock file MIT',
      'npm @babel/core 7.0.0 lock file',
      'npm real 2.0.0 lock file',
    ]);
  }
  assert.deepEqual(read('package-lock.json', { lockfileVersion: 1, dependencies: { lodash: { version: '1' } } }), []);
  const manifest = {
    name: '@x/y',
    version: '1.2.3',
    license: 'Apache-2.0',
    author: 'Ada <ada@example.com> (https://x.example)',
  };
  assert.deepEqual(read('node_modules/@x/y/package.json', manifest), [
    'npm @x/y 1.2.3 package metadata Apache-2.0 Ada',
  ]);
});

test('Composer: packages and those for development', () => {
  const lock = {
    packages: [{ name: 'symfony/console', version: 'v6.4.0', license: ['MIT'] }],
    'packages-dev': [{ name: 'phpunit/phpunit', version: '10.5.1', license: ['BSD-3-Clause'] }, { name: 'x/y' }],
  };
  assert.deepEqual(read('composer.lock', lock), [
    'composer symfony/console v6.4.0 lock file MIT',
    'composer phpunit/phpunit 10.5.1 lock file BSD-3-Clause',
  ]);
});

test('Python: pinned requirements, lock files, metadata of wheels', () => {
  const requirements =
    'Django==4.2.7\nrequests[socks] == 2.31.0 ; python_version > "3"\n# x==1\nflask>=2\n-e .\nnumpy===1.26.0 --hash=sha256:00\n';
  assert.deepEqual(read('requirements-dev.txt', requirements), [
    'pypi django 4.2.7 manifest',
    'pypi requests 2.31.0 manifest',
    'pypi numpy 1.26.0 manifest',
  ]);
  const lock = `version = 1
[[package]]
name = "app"
version = "0.1.0"
source = { virtual = "." }

[[package]]
name = "Foo.Bar"
version = "1.0"
source = { registry = "https://pypi.org/simple" }
dependencies = [
    { name = "baz" },
]

[package.metadata]
name = "no"

[[package]]
name = 'six' # comment
version = "1.16.0"
`;
  assert.deepEqual(read('uv.lock', lock), ['pypi foo-bar 1.0 lock file', 'pypi six 1.16.0 lock file']);
  assert.deepEqual(read('x/poetry.lock', '[[package]]\nname = "six"\nversion = "1.16.0"\n'), [
    'pypi six 1.16.0 lock file',
  ]);
  const metadata = 'Metadata-Version: 2.1\nName: My_Pkg\nVersion: 2.0\nAuthor: Ada\nLicense: MIT\n\nName: other\n';
  assert.deepEqual(read('My_Pkg-2.0.dist-info/METADATA', metadata), ['pypi my-pkg 2.0 package metadata MIT Ada']);
});

test('Go: requirements of go.mod, content pinned by go.sum', () => {
  const mod =
    'module example.com/app\n\ngo 1.22\n\nrequire golang.org/x/text v0.14.0\n\nrequire (\n\tgithub.com/a/b v1.0.0 // indirect\n)\n\nreplace (\n\tgithub.com/a/b v1.0.0 => ../b\n)\n';
  assert.deepEqual(read('go.mod', mod), [
    'golang golang.org/x/text v0.14.0 manifest',
    'golang github.com/a/b v1.0.0 manifest',
  ]);
  const sum =
    'github.com/a/b v1.0.0 h1:AAAA=\ngithub.com/a/b v1.0.0/go.mod h1:BBBB=\ngithub.com/c/d v2.0.0/go.mod h1:CCCC=\n';
  assert.deepEqual(read('go.sum', sum), ['golang github.com/a/b v1.0.0 lock file']);
});

test('Cargo: what comes from a registry, not the workspace itself', () => {
  const lock =
    '[[package]]\nname = "app"\nversion = "0.1.0"\n\n[[package]]\nname = "serde"\nversion = "1.0.190"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\nchecksum = "00"\n';
  assert.deepEqual(read('Cargo.lock', lock), ['cargo serde 1.0.190 lock file']);
});

test('Debian: installed packages of a status file, and a control file', () => {
  const status =
    'Package: curl\nStatus: install ok installed\nMaintainer: Ada <a@x.example>\nVersion: 7.88.1-10\nDescription: a\n .\n b\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n';
  assert.deepEqual(read('rootfs/var/lib/dpkg/status', status), ['deb debian/curl 7.88.1-10 package metadata Ada']);
  assert.deepEqual(read('debian-binary-control/control', 'Package: x\nVersion: 1:2-3\n'), [
    'deb debian/x 1:2-3 package metadata',
  ]);
});

test('Debian: a package that was built from a source of another name or version says so', () => {
  const paragraphs = ['libssl3|openssl|3.0.1-1', 'libc6|glibc (2.36-9)|2.36-9+b1', 'a|a|1', 'b|no source!|1'].map(
    (line) => {
      const [name, source, version] = line.split('|');
      return `Package: ${name}\nSource: ${source}\nVersion: ${version}\n`;
    },
  );
  const found = readPackageFile('var/lib/dpkg/status', Buffer.from(paragraphs.join('\n')));
  assert.deepEqual(
    found.map(({ source }) => source),
    ['openssl', 'glibc@2.36-9', undefined, undefined],
  );
});

test('files of other names are left alone, and files that are not what their name says name nothing', () => {
  for (const path of ['readme.md', 'package-lock.json.bak', 'var/lib/dpkg/statusx', 'METADATA'])
    assert.equal(isPackageFile(path), false, path);
  for (const path of ['package-lock.json', 'composer.lock', 'package.json']) {
    assert.deepEqual(read(path, 'no JSON'), []);
    assert.deepEqual(readPackageFile(path, Uint8Array.of(0xff, 0xfe)), []);
  }
});

test('no bytes make a reader throw or hang', () => {
  const paths = fc.constantFrom(
    'package-lock.json',
    'composer.lock',
    'requirements.txt',
    'uv.lock',
    'a.dist-info/METADATA',
    'go.mod',
    'go.sum',
    'Cargo.lock',
    'var/lib/dpkg/status',
  );
  const texts = fc.oneof(fc.json(), fc.string({ unit: fc.constantFrom(...'[]"=\n: ({@/v1.0a#') }));
  fc.assert(
    fc.property(paths, texts, (path, text) => void readPackageFile(path, Buffer.from(text))),
    { numRuns: 2000 },
  );
});
