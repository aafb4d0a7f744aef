// Loaded before the program. Simulates faults of file systems, and a `kill -9` at a given call.
// NO_LINKS: code of the error that `link` gives. NO_MODES: the mode that every file has, in octal digits.
// FULL_AT: the function on a file of the node key that finds the disk full, half of its bytes being written.
// KILL_AT: `NAME:before` or `NAME:after` of a function on a file of the node key.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { NO_LINKS, NO_MODES, FULL_AT, KILL_AT = '' } = process.env;
const paths = new Map();
const named = (file) => String(typeof file === 'number' ? paths.get(file) : file);

const wrap = (name, action) => {
  const original = fs[name];
  fs[name] = (...args) => action(original, ...args);
};

if (NO_LINKS !== undefined) {
  wrap('linkSync', () => {
    throw Object.assign(new Error(`${NO_LINKS}: link`), { code: NO_LINKS, syscall: 'link' });
  });
}
if (NO_MODES !== undefined) {
  wrap('statSync', (original, ...args) => {
    const stats = original(...args);
    if (stats?.isFile()) stats.mode = (stats.mode & ~0o777) | Number.parseInt(NO_MODES, 8);
    return stats;
  });
}
wrap('openSync', (original, path, ...rest) => {
  const file = original(path, ...rest);
  paths.set(file, path);
  return file;
});
if (FULL_AT !== undefined) {
  wrap(FULL_AT, (original, file, data, ...rest) => {
    if (!named(file).includes('nodekey')) return original(file, data, ...rest);
    if (typeof data === 'string') fs.writeSync(file, data.slice(0, data.length / 2));
    throw Object.assign(new Error('ENOSPC: no space'), { code: 'ENOSPC', syscall: 'write' });
  });
}
const [killed, moment] = KILL_AT.split(':');
for (const name of ['openSync', 'writeFileSync', 'fsyncSync', 'linkSync', 'renameSync', 'rmSync']) {
  wrap(name, (original, file, ...rest) => {
    const now = name === killed && named(file).includes('nodekey');
    if (now && moment === 'before') process.kill(process.pid, 'SIGKILL');
    const result = original(file, ...rest);
    if (now && moment === 'after') process.kill(process.pid, 'SIGKILL');
    return result;
  });
}
syncBuiltinESMExports();
