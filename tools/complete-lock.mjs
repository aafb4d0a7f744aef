// Adds missing optional packages of other platforms to package-lock.json. If a registry mirror lacks them, `npm install`
// leaves them out, and `npm ci` then refuses the lock file as stale. Run this after `npm install`.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = fileURLToPath(new URL('../package-lock.json', import.meta.url));
const lock = JSON.parse(readFileSync(path, 'utf8'));

/** The paths where Node.js looks for `name` from the package that is installed at `at`. */
function places(at, name) {
  const found = [];
  for (let from = at; ; from = from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/')))) {
    found.push(`${from === '' ? '' : `${from}/`}node_modules/${name}`);
    if (from === '') return found;
  }
}

const systems = { windows: 'win32' };
const processors = { 64: 'x64' };

let added = 0;
for (const [at, { optionalDependencies = {}, dev, license }] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(optionalDependencies)) {
    if (places(at, name).some((place) => lock.packages[place] !== undefined)) continue;
    const parts = /(android|darwin|freebsd|linux|openharmony|win32|windows)-([a-z0-9]+)/.exec(name);
    if (parts === null) throw new Error(`missing package ${name} has no platform in its name`);
    const [, os, cpu] = parts;
    lock.packages[`node_modules/${name}`] = {
      version: range.replace(/^[\^~]/, ''),
      cpu: [processors[cpu] ?? cpu],
      ...(dev && { dev }),
      license,
      optional: true,
      os: [systems[os] ?? os],
    };
    added += 1;
  }
}
const byPlace = ([a], [b]) => (a < b ? -1 : 1);
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(byPlace));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} packages added`);
