// Checks the common fields of all published manifests against the root package.json: author, licence, repository,
// engines, publishing, keywords, and the copies of LICENSE. --write updates them. --release also fails while the
// repository of the root is the placeholder, since its address is published with every package.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const release = process.argv.includes('--release');
const write = process.argv.includes('--write');

const common = readJson('package.json');
const website = common.repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
const license = readFileSync(`${root}LICENSE`, 'utf8');
/** The order of the documentation of npm. Other fields follow in their own order. */
const first = ['name', 'version', 'description', 'keywords', 'homepage', 'bugs', 'repository', 'license', 'author'];

const problems = [];
if (release && new URL(website).hostname.endsWith('.invalid')) {
  problems.push(
    'package.json: "repository.url" is still the placeholder: set it, run "npm run manifests", commit, release',
  );
}
for (const room of ['apps', 'packages']) {
  for (const name of readdirSync(root + room)) {
    const folder = `${room}/${name}`;
    const manifest = readJson(`${folder}/package.json`);
    if (manifest.private) continue;
    const expected = complete(folder, manifest);
    agree(`${folder}/package.json`, `${JSON.stringify(expected, null, 2)}\n`, () => {
      const differ = Object.keys(expected).filter(
        (key) => JSON.stringify(expected[key]) !== JSON.stringify(manifest[key]),
      );
      return differ.length > 0 ? `differs in ${differ.join(', ')}` : 'differs in order or layout';
    });
    agree(`${folder}/LICENSE`, license, () => 'is not a copy of LICENSE');
  }
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

function complete(folder, manifest) {
  const { author, engines, keywords, license, publishConfig, repository } = common;
  const own = (manifest.keywords ?? []).filter((word) => !keywords.includes(word));
  const all = {
    ...manifest,
    keywords: [...keywords, ...own],
    homepage: `${website}/tree/main/${folder}#readme`,
    bugs: `${website}/issues`,
    repository: { ...repository, directory: folder },
    license,
    author,
    engines,
    publishConfig,
    scripts: {
      ...manifest.scripts,
      prepublishOnly: 'node ../../tools/manifests.mjs --release',
    },
  };
  return Object.fromEntries(first.map((key) => [key, all[key]]).concat(Object.entries(all)));
}

function agree(path, expected, difference) {
  if (readText(path) === expected) return;
  if (write) writeFileSync(root + path, expected);
  else problems.push(`${path} ${difference()}: run "npm run manifests"`);
}

function readText(path) {
  try {
    return readFileSync(root + path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function readJson(path) {
  return JSON.parse(readFileSync(root + path, 'utf8'));
}
