import { type Command, type Option, type ProgramCommand, refused } from './command.ts';
import { type RadCall, realName } from './rad-call.ts';
import type { Rif } from './rif.ts';
import { ambientName, inputName, outputName } from './words.ts';

/**
 * The command with the project's own names; every name is judged: what is written must lie in the project.
 * @throws Refusal
 */
export function settled(command: Command, rif: Rif, call: RadCall): Command {
  const real = (name: string): string => realName(name, call, rif);
  const written = (name: string): string =>
    outputName(`${rif.file}: an output of rad's commands`, real(name), rif.directory);
  switch (command.is) {
    case 'move':
      return { ...command, from: written(command.from), to: written(command.to) };
    case 'remove':
      return { ...command, path: written(command.path) };
    case 'program':
      return settledProgram(command, rif, real, written);
  }
}

type Naming = (name: string) => string;

function settledProgram(command: { is: 'program' } & ProgramCommand, rif: Rif, real: Naming, written: Naming): Command {
  const { output, line } = command;
  const read = (name: string): string =>
    inputName(`${rif.file}: an input of rad's commands`, real(name), rif.directory);
  const operands = command.operands.map((word, index) => {
    // mkillum's "<" stands between the octree and its files.
    if (word === '<' && command.program === 'mkillum' && index === 1) return word;
    if (word.startsWith('-')) throw refused(`the option "${word}" stands after the options`, line);
    return read(word);
  });
  const discarded = output === '/dev/null' && command.program === 'rpict';
  return {
    ...command,
    options: command.options.map((option) => settledOption(option, rif, command, read, written)),
    operands,
    output: output === null || discarded ? output : written(output),
  };
}

function settledOption(option: Option, rif: Rif, command: ProgramCommand, read: Naming, written: Naming): Option {
  const values = option.values.map((value) => {
    if (value.kind === 'input') return { ...value, text: read(value.text) };
    if (value.kind === 'output') return { ...value, text: written(value.text) };
    if (value.kind !== 'ambient') return value;
    // It is read and written: the more so it must lie in the project.
    return {
      ...value,
      text: ambientName(`${rif.file}: ${command.program}'s ${option.flag}`, value.text, rif.directory),
    };
  });
  return { ...option, values };
}
