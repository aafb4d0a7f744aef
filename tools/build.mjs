// Builds changed workspaces with turbo: node tools/build.mjs [--task NAME] [PACKAGE…], by default all workspaces.
// Prints nothing if nothing has changed, one line of progress while it builds, and the messages of failed compilers.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process, { env, stderr } from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** The workspaces that have the task. */
function workspacesWith(task) {
  const { workspaces } = readJson(join(root, 'package.json'));
  return workspaces
    .flatMap((pattern) => {
      if (!pattern.endsWith('/*')) return [pattern];
      const folder = pattern.slice(0, -2);
      return readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
    })
    .map((path) => join(root, path, 'package.json'))
    .filter(existsSync)
    .map(readJson)
    .filter(({ scripts }) => scripts?.[task] !== undefined)
    .map(({ name }) => name);
}

const { values, positionals } = parseArgs({
  options: { task: { type: 'string', default: 'build' } },
  allowPositionals: true,
});
const { task } = values;
if (stderr.isTTY) stderr.write('looking for changes');
const filters = positionals.map((name) => `--filter=${name}...`);
const turbo = createRequire(import.meta.url).resolve('turbo/bin/turbo');
const run = ['run', task, '--json', '--output-logs=new-only', '--no-update-notifier'];
const child = spawn(process.execPath, [turbo, ...run, ...filters], {
  cwd: root,
  env: { ...env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  stdio: ['ignore', 'pipe', 'pipe'],
});

const names = new Set(workspacesWith(task));
let total = names.size;
/** Output lines by the name of the task; `turbo` is one of them. */
const outputs = new Map();
/** Tasks that have started, or were found in the cache. */
const begun = new Set();
let isBuilding = false;

function entry({ source, text }) {
  if (source === 'turbo') {
    const scope = /Packages in scope: (.*)/.exec(text)?.[1];
    if (scope !== undefined) total = scope.split(', ').filter((name) => names.has(name)).length;
    return;
  }
  const name = source.replace(/#[^#]*$/, '');
  if (/^cache (?:hit|miss|bypass)/.test(text)) {
    begun.add(name);
    if (!text.startsWith('cache hit')) progress(name);
  } else if (!/^(?:> |npm error |$)/.test(text)) {
    outputs.set(name, [...(outputs.get(name) ?? []), text]);
  }
}

/** Overwrites its line on a terminal; elsewhere it writes a single line. */
function progress(name) {
  if (stderr.isTTY) stderr.write(`\r\x1b[Kbuilding ${begun.size} of ${total}: ${name}`);
  else if (!isBuilding) stderr.write('building; the first build takes a minute\n');
  isBuilding = true;
}

const other = [];
createInterface(child.stdout).on('line', (line) => {
  try {
    entry(JSON.parse(line));
  } catch {
    other.push(line);
  }
});
createInterface(child.stderr).on('line', (line) => other.push(line));
child.on('error', ({ message }) => other.push(message));
child.on('close', (code, signal) => {
  if (stderr.isTTY) stderr.write('\r\x1b[K');
  if (code === 0) return;
  for (const [name, lines] of outputs) stderr.write(`${name}:\n${lines.join('\n')}\n`);
  if (other.length > 0) stderr.write(`${other.join('\n')}\n`);
  stderr.write(`${task} failed (${signal ?? `exit code ${code}`})\n`);
  process.exitCode = code || 1;
});
