import { expect } from 'chai';
import fc from 'fast-check';
import type { AmbientHeader } from '../../../src/ambient/header.ts';
import { difference, parametersOf, parametersOfHeader } from '../../../src/ambient/parameters.ts';
import { usualCommand } from '../../support/ambient.ts';

describe('the options that ambient values were made with', () => {
  const of = (words: string, program = 'rpict') => parametersOf(program, words === '' ? [] : words.split(' '));
  const against = (one: string, other: string) => difference(of(one), of(other));

  it('are those of the command and, where it has none, of the program', () => {
    expect(of('-ab 2 -ad 1024 room.oct')).to.equal(
      '-aa 0.2 -ab 2 -ad 1024 -ar 64 -as 128 -av 0 0 0 -aw 0 -cs 3 -cw 380 780 -dc 0.5 -dr 1 -ds 0.25 -dt 0.05 -lr 7 ' +
        '-lw 0.0001 -ss 1 -st 0.15',
    );
    expect(difference(of('', 'rpict'), of('', 'rtrace'))).to.equal(
      '-aa 0.2 against -aa 0.1, -ad 512 against -ad 1024, -ar 64 against -ar 256, -as 128 against -as 512, ' +
        '-dc 0.5 against -dc 0.75, -dr 1 against -dr 2, -ds 0.25 against -ds 0.2, -dt 0.05 against -dt 0.03, -lr 7 against -lr -10',
    );
    expect(difference(of('', 'rtrace'), of('', 'mkillum'))).to.equal('-ab 0 against -ab 2, -dr 2 against -dr 3');
    expect(of('', 'rvu')).to.equal(of('', 'rpict'));
    expect(of('', 'toString')).to.equal(of('', 'rpict'));
  });

  it('do not depend on notation, order or what is said twice', () => {
    expect(of('-aa .10 -ab 02 -lw 1e-04 -av 0.0 0 0')).to.equal(of('-ab 1 -ab 2 -aa 1e-1'));
    expect(of('-cw 780 380')).to.equal(of(''));
    expect(of('-ar -5')).to.equal(of('-ar 0'));
    expect(of('-ae glass -ae steel')).to.equal(of('-ae steel -ae glass -ae steel'));
    expect(of('-bv+ -dv1 -me 0 0 0 -dp 512')).to.equal(of(''));
    expect(of('-bv -bv')).to.equal(of(''));
  });

  it('leave out what changes no light: views, sizes, reports, jitter', () => {
    expect(of('-vp -1 0 0 -x 64 -y 64 -ps 1 -t 5 -u+ -i -dj .7 -pj .5 -af f.amb -o f.hdr room.oct')).to.equal(of(''));
  });

  it('are all that change the light', () => {
    for (const [words, says] of [
      ['-ab 1', '-ab 1'],
      ['-av .1 .1 .1', '-av 0.1 0.1 0.1'],
      ['-lr 3', '-lr 3'],
      ['-bv-', '-bv off'],
      ['-bv', '-bv off'],
      ['-dv0', '-dv off'],
      ['-me .1 .1 .1', '-me 0.1 0.1 0.1'],
      ['-mg .5', '-mg 0.5'],
      ['-ae glass -ae steel', '-ae glass steel'],
      ['-aI list.txt', '-aI list.txt'],
      ['-ai glass -ae steel', '-ae steel'],
      ['-ap g.pm 50 room.oct', '-ap g.pm 50'],
      ['-ap g.pm 50 60 -ap c.pm room.oct', '-ap g.pm 50 60 c.pm'],
    ] as const) {
      expect(of(words), words).not.to.equal(of(''));
      expect(against('', words), words).to.include(` against ${says}`);
    }
    expect(against('', '-ae glass')).to.equal('no -ae against -ae glass');
  });

  it('cannot be imitated by the name of a material', () => {
    expect(parametersOf('rpict', ['-ae', 'glass -ab 1'])).not.to.equal(of('-ae glass -ab 1'));
    expect(parametersOf('rpict', ['-ae', 'a b'])).not.to.equal(of('-ae a -ae b'));
    expect(parametersOf('rpict', ['-ae', '-ab'])).not.to.equal(of('-ae'));
  });

  it('end where the words do', () => {
    for (const words of ['-av 1', '-ab', '-ap', '-ae', '-cw 1']) expect(of(words), words).to.be.a('string');
  });

  it('are read from a header, in which older versions tell no spectrum', () => {
    const header = { command: usualCommand, software: null, components: 3, start: 0, recordBytes: 67 };
    const older: AmbientHeader = { ...header, command: usualCommand.replace('-cw 380 780 -cs 3 ', '') };
    expect(parametersOfHeader(header)).to.equal(of('-ab 1 -ad 64'));
    expect(parametersOfHeader(older)).to.equal(of('-ab 1 -ad 64'));
    expect(difference(parametersOfHeader(header), of('-ab 1 -ad 64 -ae glass'))).to.equal('no -ae against -ae glass');
  });

  it('are equal exactly if nothing differs', () => {
    const option = fc.constantFrom('-ab 1', '-ab 2', '-aa .1', '-bv-', '-ae a', '-ae b', '-lr 3', '-x 64', '-ap a 5');
    const words = fc.array(option, { maxLength: 6 }).map((all) => all.join(' '));
    fc.assert(
      fc.property(words, words, (one, other) => {
        expect(against(one, other) === null).to.equal(of(one) === of(other));
      }),
    );
  });
});
