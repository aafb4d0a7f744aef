// Compares docs/conformance.md with the titles of the tests. --write fills its last column.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tablePath = `${root}docs/conformance.md`;
const id = '[A-Z][A-Z0-9]-\\d\\d';
const heading = /^## ([A-Z][A-Z0-9]): (.+)$/;
const row = new RegExp(`^\\| (${id}) \\| (.+?) \\| (.+?) \\|$`);
// The first string argument of a call, if it begins with at least one ID: test('RX-01 …', test.each(…)('RX-03, HX-02 …'
const testTitle = new RegExp(`\\(\\s*(['"\`])((?:${id})(?:(?:, ?| )${id})*)\\b`, 'g');

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /\.test\.ts$|-suite\.ts$|^interop\/src\/.+\.ts$/.test(file));

const provedBy = new Map();
for (const file of files) {
  for (const [, , ids] of readFileSync(root + file, 'utf8').matchAll(testTitle)) {
    for (const one of ids.split(/[ ,]+/)) {
      provedBy.set(one, (provedBy.get(one) ?? new Set()).add(file));
    }
  }
}

const write = process.argv.includes('--write');
const problems = [];
const counts = new Map();
const seen = new Set();
const titles = new Map();
const lines = readFileSync(tablePath, 'utf8').split('\n');

for (const [index, line] of lines.entries()) {
  const [, section, title] = heading.exec(line) ?? [];
  if (section !== undefined) titles.set(section, title);
  const match = row.exec(line);
  if (match === null) continue;
  const [, requirement, words, stated] = match;
  if (seen.has(requirement)) problems.push(`${requirement} is listed twice`);
  seen.add(requirement);
  const found = [...(provedBy.get(requirement) ?? [])].sort();
  const actual = found.length === 0 ? 'open' : found.map((file) => `\`${file}\``).join(', ');
  if (write) lines[index] = `| ${requirement} | ${words} | ${actual} |`;
  else if (stated !== actual) {
    problems.push(`${requirement}: the row has ${stated}, the tests give ${actual}`);
  }
  const prefix = requirement.slice(0, 2);
  const count = counts.get(prefix) ?? { proved: 0, total: 0 };
  count.total += 1;
  if (found.length > 0 && !words.includes('still open:')) count.proved += 1;
  counts.set(prefix, count);
}
for (const [requirement, where] of provedBy) {
  if (!seen.has(requirement)) {
    problems.push(`${requirement} is not listed, but is tested by ${[...where].join(', ')}`);
  }
}

if (write) writeFileSync(tablePath, lines.join('\n'));
const pad = (text, width) => String(text).padStart(width);
console.log('requirements that are tested completely (docs/conformance.md):');
console.log(`    ${pad('proved', 6)} ${pad('listed', 6)}`);
let open = 0;
for (const [prefix, { proved, total }] of counts) {
  open += total - proved;
  console.log(`${prefix}  ${pad(proved, 6)} ${pad(total, 6)}  ${titles.get(prefix) ?? ''}`.trimEnd());
}
for (const problem of problems) console.error(problem);
if (problems.length === 0) {
  console.log(`all rows agree with the tests; ${open} of ${seen.size} are open, at least in part`);
} else {
  console.log(`${problems.length} rows or titles disagree: correct the titles, or run npm run conformance -- --write`);
}
process.exitCode = problems.length > 0 ? 1 : 0;
