import { chownSync, existsSync, lchownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { asOwnerOf } from '../../../src/unix/owner.ts';
import { isRoot, ordinaryUser } from '../../support/daemon.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { skip } from '../../support/skip.ts';

describe("root in somebody's directory", () => {
  let place: { path: string; remove: () => void };
  before(function () {
    if (!isRoot) skip(this, 'only root can act as somebody else');
  });
  beforeEach(() => {
    place = temporaryDirectory();
  });
  afterEach(() => place.remove());

  const directory = (...parts: string[]) => {
    const path = join(place.path, ...parts);
    mkdirSync(path);
    chownSync(path, ordinaryUser.uid, ordinaryUser.gid);
    return path;
  };
  const ids = () => [process.geteuid?.(), process.getegid?.()];

  it('acts as its owner, and is root again', () => {
    const path = directory('home');
    const seen = asOwnerOf([place.path, path], () => {
      writeFileSync(join(path, 'log'), 'x');
      return ids();
    });
    expect(seen).to.deep.equal([ordinaryUser.uid, ordinaryUser.gid]);
    expect(statSync(join(path, 'log')).uid).to.equal(ordinaryUser.uid);
    expect(ids()).to.deep.equal([0, 0]);
  });

  it("has his groups meanwhile, and none of root's", () => {
    const before = process.getgroups?.() ?? [];
    process.setgroups?.([0, 1]);
    try {
      expect(asOwnerOf([directory('home')], () => process.getgroups?.())).to.deep.equal([ordinaryUser.gid]);
      expect(process.getgroups?.()).to.deep.equal([0, 1]);
    } finally {
      process.setgroups?.(before);
    }
  });

  it('is root again after a fault', () => {
    const path = directory('home');
    expect(() =>
      asOwnerOf([path], () => {
        throw new Error('broken');
      }),
    ).to.throw('broken');
    expect(ids()).to.deep.equal([0, 0]);
  });

  it('cannot be led by a link to where the owner may not write', () => {
    const path = directory('home');
    const precious = join(place.path, 'precious');
    mkdirSync(precious);
    symlinkSync(precious, join(path, 'srvlogs'));
    lchownSync(join(path, 'srvlogs'), ordinaryUser.uid, ordinaryUser.gid);
    for (const way of [[path, join(path, 'srvlogs')], [join(path, 'srvlogs')]]) {
      expect(() => asOwnerOf(way, () => writeFileSync(join(path, 'srvlogs/log'), 'x'))).to.throw('EACCES');
    }
    expect(existsSync(join(precious, 'log'))).to.equal(false);
  });

  it('stays root in its own, and where there is none', () => {
    expect(asOwnerOf([place.path, join(place.path, 'none')], ids)).to.deep.equal([0, 0]);
  });
});
