// Run by npm when the package is installed, perhaps by a Node.js that is too old for all the rest.
const { execFileSync } = require('child_process');
const { existsSync, mkdirSync, renameSync } = require('fs');
const { join } = require('path');

const oldest = 24;
const top = join(__dirname, '../..');
const spawner = join(top, 'build/spawner');

function say(text) {
  process.stderr.write(`rayserver: ${text}\n`);
}

/** What starts simulations; exchanged in one piece, so that one that runs goes on. */
function compileSpawner() {
  const made = `${spawner}.new`;
  try {
    mkdirSync(join(top, 'build'), { recursive: true });
    execFileSync('cc', ['-O2', '-o', made, join(top, 'src/executor/spawner.c')], { stdio: 'pipe' });
    renameSync(made, spawner);
  } catch (error) {
    const why = error.code === 'ENOENT' ? 'there is no cc' : String(error.stderr || error.message).split('\n')[0];
    say(`simulations will be started by Node.js, a little slower: the compiled spawner was not made (${why}).`);
  }
}

// In a clone scripts/setup does it all, and brings its own Node.js.
if (!existsSync(join(top, 'scripts/setup'))) {
  if (Number(process.versions.node.split('.')[0]) >= oldest) compileSpawner();
  else {
    say(`Node.js ${oldest} or newer is needed, and ${process.execPath} is ${process.version}. Install one, and then this again.`);
    process.exitCode = 1;
  }
}
