import { expect } from 'chai';
import { Refusal } from '../../../../src/model/refusal.ts';
import { numberedOctree, radCall, realName } from '../../../../src/renderers/radiance/rad-call.ts';
import { type Rif, readRif } from '../../../../src/renderers/radiance/rif.ts';

const directory = '/projects/room';
const read = (text: string, set: { variable: string; value: string }[] = [], rif = 'room.rif'): Rif =>
  readRif(text, { rif, set }, directory);

describe('a .rif', () => {
  it('has the names that rad would choose where it gives none', () => {
    expect(read('scene= a.rad')).to.deep.include({
      octree: 'room.oct',
      picture: 'room',
      raw: null,
      depth: null,
      ambient: null,
    });
    expect(read('scene= a.rad', [], 'room.v2.rif')).to.deep.include({ root: 'room.v2', octree: 'room.v2.oct' });
    expect(read('scene= a.rad').views).to.deep.equal(['X']);
  });

  it('gives names, the last one counts, a setting wins', () => {
    const rif = read('OCTREE= a.oct\nOCTREE= b.oct\nPICTURE= /projects/room/images/p', [
      { variable: 'OCT', value: 'c.oct' },
    ]);
    expect(rif).to.deep.include({ octree: 'c.oct', picture: 'images/p' });
    expect(rif.set).to.deep.equal([]);
  });

  it('calls views by their names, or by their numbers', () => {
    const rif = read('view= inside -vp 0 0 0\nview= -vf a.vf\nview= Xl -vu 0 0 1', [
      { variable: 'view', value: 'more -vp 1 1 1' },
    ]);
    expect(rif.views).to.deep.equal(['inside', '2', 'Xl', 'more']);
    expect(rif.set).to.deep.equal([{ variable: 'view', value: 'more -vp 1 1 1' }]);
  });

  const hostile: [string, string][] = [
    ['OCTREE= |cat', 'room.rif: OCTREE is "|cat": a file name must not begin with "|".'],
    ['OCTREE= /etc/x.oct', 'room.rif: OCTREE is "/etc/x.oct": that lies outside the project.'],
    ['PICTURE= ../../x', 'room.rif: PICTURE is "../../x": ".." is not allowed there.'],
    ['PICTURE= my pic', 'room.rif: PICTURE contains a blank: "my pic".'],
    ['PICTURE= "my pic"', 'room.rif: PICTURE contains a blank: "my pic".'],
    ['PICTURE= a\\\nb', 'room.rif: PICTURE contains a control character: "a\\nb".'],
    ['RAWFILE= $HOME/x', 'room.rif: RAWFILE contains "$"'],
    ['ZFILE= `id`', 'room.rif: ZFILE contains "`"'],
    ['AMBFILE= -x', 'room.rif: AMBFILE is "-x": a file name must not begin with "-".'],
    ['AMBFILE= büro.amb', 'AMBFILE is "büro.amb": Radiance takes no "ü" in the name of an ambient file.'],
    ['AMBFILE= ~/x', 'a file name must not begin with "~"'],
    ['OPTFILE= /root/.profile', 'room.rif: OPTFILE is "/root/.profile": that lies outside the project.'],
    ['OCTREE= |cat\nOCTREE= fine.oct', 'must not begin with "|"'],
    ['scene= "!cat /etc/passwd"', 'room.rif: scene contains a quotation mark'],
    ['scene= a.rad; touch x', 'room.rif: scene contains ";": "a.rad;".'],
    ['scene= !xform', 'room.rif: scene contains "!"'],
    ['scene= -', 'room.rif: scene is "-": a file name must not begin with "-".'],
    ['illum= a.rad > /etc/x', 'room.rif: illum contains ">"'],
    ['render= -ab 1 | cat', 'room.rif: render contains "|"'],
    ['oconv= -w; rm', 'room.rif: oconv contains ";"'],
    ['view= ../x -vp 0 0 0', 'room.rif: the view\'s name "../x" contains "/".'],
    ['view= a"b -vp 0 0 0', 'room.rif: view contains a quotation mark'],
    [`view= ${'n'.repeat(32)} -vp 0 0 0`, 'is longer than 31 characters'],
    ['PGMAP= "a b" 20k', 'room.rif: PGMAP contains a quotation mark'],
  ];
  for (const [text, says] of hostile) {
    it(`is refused for ${JSON.stringify(text)}`, () => {
      expect(() => read(text)).to.throw(Refusal, says);
    });
  }

  for (const [variable, value, says] of [
    ['OCTREE', '|cat', 'must not begin with "|"'],
    ['PICTURE', '../x', '".." is not allowed'],
    ['scene', 'a; b', 'scene contains ";"'],
    ['view', '../x -vp 0 0 0', 'contains "/"'],
    ['render', '-ab 1\n-o x', ''],
  ] as const) {
    it(`judges --set ${variable} as it judges the file: ${JSON.stringify(value)}`, () => {
      if (says === '') expect(read('scene= a.rad', [{ variable, value }]).set).to.have.lengthOf(1);
      else expect(() => read('scene= a.rad', [{ variable, value }])).to.throw(Refusal, says);
    });
  }

  it('is a plain file in the project directory', () => {
    for (const name of ['../room.rif', '/etc/x.rif', 'sub/room.rif']) {
      expect(() => read('', [], name), name).to.throw(Refusal, 'is not a file name in the project directory');
    }
    for (const name of ['-n', 'my room.rif', 'a;b.rif', '|x']) expect(() => read('', [], name), name).to.throw(Refusal);
  });
});

describe('the call of rad', () => {
  it('uses names at which nothing exists, so that nothing is up to date', () => {
    const call = radCall(read('scene= a.rad\nOCTREE= o/room.oct\nRAWFILE= raw\nOPTFILE= x.opt\nREPORT= 1 err'), '12');
    expect(call.args).to.deep.equal([
      ...['-w', '-n', '-e', 'room.rif', 'OCTREE=proc/plan-12.all.oct', 'PICTURE=proc/plan-12.pic'],
      ...['RAWFILE=proc/plan-12.raw', 'OPTFILE=proc/plan-12.opt', 'REPORT=1'],
    ]);
    expect(call.litter).to.equal('proc/plan-12.');
  });

  it('keeps raw file and picture the same where they are', () => {
    const call = radCall(read('scene= a.rad\nPICTURE= p/a\nRAWFILE= ./p/a'), '1');
    expect(call.raw).to.equal(call.picture);
  });

  it('passes other settings on', () => {
    const set = [
      { variable: 'QUA', value: 'H' },
      { variable: 'PICTURE', value: 'p' },
    ];
    const { args } = radCall(read('scene= a.rad', set), '1');
    expect(args).to.include('QUALITY=H').and.not.include('PICTURE=p');
  });

  it('leaves an octree that is given without a scene', () => {
    expect(radCall(read('OCTREE= ready.oct'), '1').args.join(' ')).not.to.include('OCTREE');
  });

  it('turns its names back', () => {
    const rif = read('scene= a.rad\nillum= w.rad\nOCTREE= o/room.oct\nPICTURE= p/a\nRAWFILE= r/a');
    const call = radCall(rif, '1');
    const names = [
      'proc/plan-1.all.oct',
      'proc/plan-1.all0.oct',
      'proc/plan-1.all1.oct',
      'proc/plan-1.pic_v.hdr',
      'proc/plan-1.raw_v.unf',
      'a.rad',
    ];
    expect(names.map((name) => realName(name, call, rif))).to.deep.equal([
      ...['o/room.oct', 'o/room0.oct', 'o/room1.oct', 'p/a_v.hdr', 'r/a_v.unf', 'a.rad'],
    ]);
  });

  it('numbers octrees as rad does', () => {
    expect(numberedOctree('a.b/room', '0')).to.equal('a.b/room0');
    expect(numberedOctree('a.b/room.x.oct', '1')).to.equal('a.b/room.x1.oct');
  });
});
