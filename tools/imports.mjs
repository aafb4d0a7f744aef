// Checks the imports of packages and programs against tools/import-rules.mjs, and that the pictures of them in
// docs/architecture.md are current.
//   node tools/imports.mjs [--write] [--root FOLDER]
// --write draws the pictures anew; --root names another repository with the same rules.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { packages, programs, restricted } from './import-rules.mjs';
import { importsOf, lineAt } from './source.mjs';

const { values } = parseArgs({
  options: {
    root: { type: 'string', default: fileURLToPath(new URL('..', import.meta.url)) },
    write: { type: 'boolean', default: false },
  },
});
const { root, write } = values;
const page = 'docs/architecture.md';
const scope = '@devp2p/';

const list = (names) => names.split(' ').filter((name) => name !== '');
const problems = [];

/** All imports in the sources of a workspace, as an array of `{ file, line, specifier }`. */
function importsIn(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true })
    .map((file) => posix.join(folder, file.replaceAll('\\', '/')))
    .filter((file) => /\.[mc]?[jt]s$/.test(file))
    .sort()
    .flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      return importsOf(text).map(({ specifier, start }) => {
        return { file, line: lineAt(text, start), specifier };
      });
    });
}

function refuse({ file, line, specifier }, reason) {
  problems.push(`${file}:${line}: may not import ${specifier}: ${reason}`);
}

/** A table may name only entries above the line, so that no import goes up. */
function checkTable(name, table) {
  const above = new Set();
  for (const [entry, allowed] of Object.entries(table)) {
    for (const other of list(allowed)) {
      if (!above.has(other)) {
        problems.push(`import rules: ${name}: ${entry} names ${other}, which is not above it`);
      }
    }
    above.add(entry);
  }
}

function checkListed(folder, table, names) {
  for (const name of names) {
    if (!Object.hasOwn(table, name)) problems.push(`import rules: ${folder}/${name} is missing`);
  }
  for (const name of Object.keys(table)) {
    if (!names.includes(name)) problems.push(`import rules: ${folder}/${name} does not exist`);
  }
}

function checkRestricted(found) {
  for (const { modules, only, because } of restricted) {
    const isRestricted = list(modules).some((module) => {
      return found.specifier === module || found.specifier.startsWith(`${module}/`);
    });
    if (!isRestricted || list(only).some((path) => isWithin(found.file, path))) continue;
    refuse(found, because);
  }
}

/** Whether a file is in a folder, or is the file with this name with or without its ending. */
function isWithin(file, path) {
  if (path.endsWith('/')) return file.startsWith(path);
  return file === path || file === `${path}.ts` || file.startsWith(`${path}/`);
}

const foldersOf = (folder) => {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() || entry.name.endsWith('.ts'));
};

/** The package of a specifier, without the scope; undefined if it is another project's. */
function packageOf(specifier) {
  return specifier.startsWith(scope) ? specifier.slice(scope.length).split('/')[0] : undefined;
}

const packageArrows = new Map();
const programArrows = new Map();

function draw(arrows, from, to) {
  if (from === to) return;
  arrows.set(from, (arrows.get(from) ?? new Set()).add(to));
}

checkTable('packages', packages);
const names = readdirSync(join(root, 'packages')).filter((name) => {
  return existsSync(join(root, 'packages', name, 'package.json'));
});
checkListed('packages', packages, names);
for (const name of Object.keys(packages).filter((known) => names.includes(known))) {
  const folder = `packages/${name}/src`;
  const allowed = list(packages[name] ?? '');
  packageArrows.set(name, new Set());
  for (const found of importsIn(folder)) {
    checkRestricted(found);
    const other = packageOf(found.specifier);
    if (other !== undefined && other !== name) {
      draw(packageArrows, name, other);
      if (!allowed.includes(other)) {
        refuse(found, `${name} may import ${allowed.join(', ') || 'no package'}`);
      }
    } else if (found.specifier.startsWith('.')) {
      const target = posix.join(posix.dirname(found.file), found.specifier);
      if (!isWithin(target, folder)) refuse(found, 'a file of another workspace');
    }
  }
}

for (const [folder, table] of Object.entries(programs)) {
  const program = folder.split('/').slice(0, 2).join('/');
  const own = program.split('/')[1];
  checkTable(folder, table);
  checkListed(
    folder,
    table,
    foldersOf(folder).map(({ name }) => name),
  );
  const arrows = new Map(Object.keys(table).map((name) => [name, new Set()]));
  programArrows.set(folder, arrows);
  packageArrows.set(program, new Set());
  const partOf = (file) => file.slice(folder.length + 1).split('/')[0];
  for (const found of importsIn(folder)) {
    checkRestricted(found);
    const other = packageOf(found.specifier);
    if (other !== undefined && other !== own) {
      draw(packageArrows, program, other);
      if (!Object.hasOwn(packages, other)) refuse(found, 'a program may import packages alone');
    }
    if (!found.specifier.startsWith('.')) continue;
    const target = posix.join(posix.dirname(found.file), found.specifier);
    const part = partOf(found.file);
    if (!isWithin(target, folder)) {
      // The version is read from the program's own manifest.
      if (target !== `${program}/package.json`) refuse(found, 'a file of another workspace');
      continue;
    }
    const otherPart = partOf(target);
    draw(arrows, part, otherPart);
    const allowed = list(table[part] ?? '');
    if (part !== otherPart && !allowed.includes(otherPart)) {
      refuse(found, `${part} may import ${allowed.join(', ') || 'no other folder'}`);
    }
  }
}

/** The entries that can be reached from one over at least one arrow. */
function reachable(arrows, from, seen = new Set()) {
  for (const to of arrows.get(from) ?? []) {
    if (seen.has(to)) continue;
    seen.add(to);
    reachable(arrows, to, seen);
  }
  return seen;
}

/** A Mermaid flow chart from the top down, without the arrows that follow from others. */
function chart(arrows, isShown = () => true) {
  const lines = ['```mermaid', 'flowchart TD'];
  const label = (name) => `${name.replace(/\W/g, '_')}["${name}"]`;
  for (const [from, targets] of [...arrows].reverse()) {
    if (!isShown(from)) continue;
    const shown = [...targets].filter(isShown).sort();
    const direct = shown.filter((to) => {
      return !shown.some((between) => between !== to && reachable(arrows, between).has(to));
    });
    if (direct.length === 0) lines.push(`  ${label(from)}`);
    else lines.push(`  ${label(from)} --> ${direct.map(label).join(' & ')}`);
  }
  return [...lines, '```'].join('\n');
}

function checkCycles(name, arrows) {
  for (const from of arrows.keys()) {
    if (reachable(arrows, from).has(from)) problems.push(`${name}: ${from} imports itself in a circle`);
  }
}

checkCycles('packages', packageArrows);
for (const [folder, arrows] of programArrows) checkCycles(folder, arrows);

/** Replaces the text between `<!-- imports: NAME -->` and `<!-- end -->`. */
function replaceBlock(text, name, content) {
  const pattern = new RegExp(`(<!-- imports: ${name} -->\n)[\\s\\S]*?(\n<!-- end -->)`);
  if (!pattern.test(text)) problems.push(`${page} has no block for the imports of ${name}`);
  return text.replace(pattern, (_, begin, end) => begin + content + end);
}

if (existsSync(join(root, page))) {
  const before = readFileSync(join(root, page), 'utf8');
  let after = replaceBlock(before, 'packages', chart(packageArrows));
  for (const [folder, arrows] of programArrows) {
    after = replaceBlock(
      after,
      folder,
      chart(arrows, (name) => !name.endsWith('.ts')),
    );
  }
  if (write) writeFileSync(join(root, page), after);
  else if (after !== before) {
    problems.push(`${page} shows other imports: run node tools/imports.mjs --write`);
  }
}

for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
