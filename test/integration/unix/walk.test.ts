import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { makeDirectoryBeneath, O_PATH, openBeneath, openPartByPart } from '../../../src/unix/walk.ts';

function code(deed: () => number): string {
  try {
    closeSync(deed());
    return 'opened';
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

describe('opening below a directory', () => {
  let base: string;
  let directory: number;
  const descriptors = () => readdirSync('/proc/self/fd').length;

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'walk-'));
    mkdirSync(join(base, 'project/sub'), { recursive: true });
    writeFileSync(join(base, 'secret'), 'secret');
    writeFileSync(join(base, 'project/sub/file'), 'inside');
    symlinkSync('sub/file', join(base, 'project/link-inside'));
    symlinkSync('../secret', join(base, 'project/link-out'));
    symlinkSync('/etc/hostname', join(base, 'project/link-absolute'));
    symlinkSync('..', join(base, 'project/up'));
    symlinkSync('sub', join(base, 'project/dirlink'));
    symlinkSync('loop', join(base, 'project/loop'));
    directory = openSync(join(base, 'project'), O_PATH | constants.O_DIRECTORY);
  });

  afterEach(() => {
    closeSync(directory);
    rmSync(base, { recursive: true });
  });

  it('reads a file, and leaves no descriptor behind', () => {
    const before = descriptors();
    const fd = openBeneath(directory, 'sub/file', constants.O_RDONLY);
    expect(readFileSync(fd, 'utf8')).to.equal('inside');
    closeSync(fd);
    expect(descriptors()).to.equal(before);
  });

  it('follows links that stay inside and refuses every way out', () => {
    const open = (path: string) => code(() => openBeneath(directory, path, constants.O_RDONLY));
    expect(open('link-inside')).to.equal('opened');
    expect(open('dirlink/file')).to.equal('opened');
    expect(open('link-out')).to.equal('EXDEV');
    expect(open('link-absolute')).to.equal('EXDEV');
    expect(open('up/secret')).to.equal('EXDEV');
    expect(open('../secret')).to.equal('EXDEV');
    expect(open('sub/../../secret')).to.equal('EXDEV');
    expect(open('/etc/hostname')).to.equal('EXDEV');
    expect(open('loop')).to.equal('ELOOP');
    expect(open('nothing')).to.equal('ENOENT');
    expect(open('sub/file/more')).to.equal('ENOTDIR');
    expect(open('a\0b')).to.equal('EINVAL');
  });

  it('refuses links when the kernel cannot help', () => {
    const before = descriptors();
    const open = (path: string) => code(() => openPartByPart(directory, path, constants.O_RDONLY));
    expect(open('sub/file')).to.equal('opened');
    expect(open('./sub//file')).to.equal('opened');
    expect(open('.')).to.equal('opened');
    expect(open('link-inside')).to.equal('ELOOP');
    expect(open('link-out')).to.equal('ELOOP');
    expect(open('up/secret')).to.equal('ENOTDIR');
    expect(open('dirlink/file')).to.equal('ENOTDIR');
    expect(open('../secret')).to.equal('EXDEV');
    expect(open('/etc/hostname')).to.equal('EXDEV');
    expect(open('a\0b')).to.equal('EINVAL');
    expect(descriptors()).to.equal(before);
  });

  it('makes a file with the mode less the umask', () => {
    const old = process.umask(0o002);
    try {
      closeSync(openBeneath(directory, 'new', constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY));
    } finally {
      process.umask(old);
    }
    expect(lstatSync(join(base, 'project/new')).mode & 0o7777).to.equal(0o664);
    expect(
      code(() => openBeneath(directory, 'new', constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY)),
    ).to.equal('EEXIST');
  });

  it('makes directories part by part, with the group bit of the parent', () => {
    const old = process.umask(0o002);
    const before = descriptors();
    try {
      closeSync(makeDirectoryBeneath(directory, 'images/day/noon'));
      closeSync(makeDirectoryBeneath(directory, 'images/day/noon'));
      closeSync(makeDirectoryBeneath(directory, 'dirlink/below'));
      mkdirSync(join(base, 'project/other'));
      symlinkSync('../other', join(base, 'project/sub/sideways'));
      closeSync(makeDirectoryBeneath(directory, 'sub/sideways/deeper'));
    } finally {
      process.umask(old);
    }
    expect(lstatSync(join(base, 'project/images/day/noon')).mode & 0o777).to.equal(0o775);
    expect(lstatSync(join(base, 'project/other/deeper')).isDirectory()).to.equal(true);
    expect(lstatSync(join(base, 'project/sub/below')).isDirectory()).to.equal(true);
    expect(code(() => makeDirectoryBeneath(directory, 'up/outside'))).to.equal('EXDEV');
    expect(code(() => makeDirectoryBeneath(directory, '../outside'))).to.equal('EXDEV');
    expect(code(() => makeDirectoryBeneath(directory, 'sub/file/x'))).to.equal('ENOTDIR');
    expect(readdirSync(base).sort()).to.deep.equal(['project', 'secret']);
    expect(descriptors()).to.equal(before);
  });
});
