// Keeps words that are not plain technical English out of comments, string literals and Markdown; see CONTRIBUTING.md,
// "Style". Prints file:line for each, with what to write instead.
//   node tools/language.mjs                what `npm run lint` runs
//   node tools/language.mjs FILE…          these files alone
//   node tools/language.mjs --count [REF]  uses per 1,000 words of comments, in the work tree or a commit
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { lineAt, proseOf } from './source.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Copies of other texts, generated files, and data. */
const isExempt = (file) =>
  /(?:^|\/)(?:CHANGELOG\.md|LICENSE|fixtures\/|vectors\/|dist\/)|\.wasm\.ts$/.test(file) ||
  file === 'tools/language.mjs' ||
  file === 'test/language.test.ts';

/**
 * Patterns and what to write instead. A space stands for any white space. Words are found in lower case and with a
 * capital first letter, but not in capitals. Those with `counted` are in the table of `--count`, under that name.
 */
const rules = [
  {
    words: 'who(?:m|so)?ever',
    counted: 'whoever',
    instead: 'the standard term: the caller, the sender, the peer',
  },
  { words: 'what(?:so)?ever', instead: 'any, or a list of the values' },
  {
    words: "nobody(?:'s)?|no one(?:'s)?",
    counted: 'nobody',
    instead: '"no peer", "no caller", or the passive',
  },
  {
    words: "(?:some|any|every)(?:body|one)(?:'s)?",
    counted: 'somebody, anybody, everybody',
    instead: 'the standard term: a peer, any caller, every node',
  },
  {
    words: '(?:is|are|was|were|be) (?:nothing|none)',
    instead: 'the fact: "empty entry", "not an IP address"',
  },
  { words: 'as if nothing', instead: 'the behaviour, as a fact' },
  {
    words:
      "what (?:is|was|are|were|comes?|came|goes|went|has|had|remains|follows|arrives|arrived|lies|stands|stays|belongs|fails|failed|differs|changed|gets|got)(?!n't)",
    // A question may begin with "what".
    unless: (text, end) => /^[^.:;\n]*\?/.test(text.slice(end)),
    counted: '"what is/comes …"',
    instead: 'a noun: "the rest", "received data", "the result"',
  },
  {
    words: 'told|tells?|telling',
    counted: 'told, tell',
    instead: 'report, announce, notify, send; or distinguish',
  },
  {
    words: '(?:s?he|him|her|hers|his|himself|herself)',
    counted: 'he, she',
    instead: '"it", "the peer", "the user"',
  },
  {
    words: 'behind',
    unless: (text, end, start) =>
      // Of place, and of a chain's height.
      /^\s+(?:(?:a|an|the|one|its|this|that|another|each|such|same|carrier-grade)\s+)*(?:symmetric\s+)?(?:NATs?|routers?|prox|reverse|firewall|gateway|load|home|address|IPv?\d?\b|CGNAT|head|tip|target|peers?\b|network)/.test(
        text.slice(end),
      ) ||
      /\b(?:leaves?|leaving|left)\b[^.;:]*$/.test(text.slice(0, start)) ||
      /(?:blocks?|forks?|remote|falls?|fell|fallen|falling|lags?|lagging|far|\d+|is|are|was|left|stays?|runs?|seconds?)\s+$/.test(
        text.slice(0, start),
      ),
    counted: 'behind, for time',
    instead: '"after" for time',
  },
  // The name in a link is blank here.
  { words: 'what }', instead: 'a noun that gives the purpose: "Options of {@link …}"' },
  { words: 'heed(?:s|ed|ing)?', instead: 'use, check, apply; or "is ignored"' },
  { words: 'hearsay|by word of|on the word of', instead: 'gossiped, unverified, announced by' },
  { words: 'farewells?', instead: 'disconnect, the Disconnect message' },
  { words: '(?:takes?|took|taken|taking) leave', instead: 'disconnect' },
  { words: 'shaken|shown out|shown the door', instead: 'the handshake is done; disconnected' },
  {
    words:
      '(?:peer|node|client|server|remote|side|socket)s? (?:says?|said|speaks?|spoke|hears?|heard|believes?|believed)',
    instead: 'send, request, report, receive, support',
  },
  { words: 'be it', instead: '"either … or", or two sentences' },
  { words: 'shall|ought', instead: 'must, is to, the present tense' },
  { words: 'lest', instead: '"so that … does not"' },
  {
    words: 'thus|hence|whence|thence|thereof|whereof|wherein|whereby|whereupon|thereby|therein',
    instead: '"so", "of it", "in which"',
  },
  { words: 'whose turn', instead: 'the next one' },
  {
    words: 'for good',
    unless: (text, end) => /^ (?:reason|measure)/.test(text.slice(end)),
    instead: 'permanently',
  },
  { words: '(?:that |those )?of before', instead: 'the previous one' },
  { words: "of one's own", instead: 'own' },
  {
    words: '(?:so|as) many',
    unless: (text, end) => /^ as possible/.test(text.slice(end)),
    instead: '"up to N", "more than N", "N"',
  },
  {
    words: '(?:has|have|had) (?:it|they|we|you) [^.;:?]*\\?',
    instead: 'a statement, or "does it have …?"',
  },
].map((rule) => ({
  ...rule,
  pattern: new RegExp(`(?<![\\w'-])(?:${rule.words.replaceAll(' ', '\\s+')})(?![\\w-])`, 'gi'),
}));
const counted = rules.filter((rule) => rule.counted !== undefined);

/**
 * The words of a text that a rule refuses.
 *
 * @param text prose
 * @param among the rules to apply
 * @returns an array of `{ rule, word, start }`, where `start` is an offset in `text`
 */
function refusedIn(text, among = rules) {
  return among.flatMap((rule) =>
    [...text.matchAll(rule.pattern)]
      .map(({ 0: word, index }) => ({ rule, word, start: index, end: index + word.length }))
      .filter(({ word, start, end }) => {
        if (word === word.toUpperCase()) return false;
        return !rule.unless?.(text, end, start);
      }),
  );
}

const blank = (text) => text.replace(/[^\r\n]/g, ' ');
const withoutCode = (text) => text.replace(/`[^`\n]*`|\{@link [^}|]*/g, blank);

/** Data without a space: keys, records, addresses. */
const isData = (string) => string.length > 40 && !/\s/.test(string);

/**
 * The prose of a file.
 *
 * @param file its path, which says whether it is Markdown or a source
 * @param text its content
 * @returns an array of `{ kind, text, start }`, where `kind` is `markdown`, `comment` or `string`
 */
function proseOfFile(file, text) {
  if (!file.endsWith('.md')) {
    return proseOf(text)
      .filter((piece) => piece.kind === 'comment' || !isData(piece.text))
      .map((piece) => {
        return piece.kind === 'comment' ? { ...piece, text: withoutCode(piece.text) } : piece;
      });
  }
  const found = [];
  // Fenced TypeScript is read as a source, other fenced blocks as they are.
  const rest = text.replace(/^```(?:ts|js)\n([\s\S]*?)^```$/gm, (block, source, at) => {
    const start = at + block.indexOf('\n') + 1;
    for (const piece of proseOf(source)) {
      found.push({ ...piece, text: withoutCode(piece.text), start: piece.start + start });
    }
    return blank(block);
  });
  return [{ kind: 'markdown', text: withoutCode(rest), start: 0 }, ...found];
}

/**
 * Checks a file.
 *
 * @param file its path
 * @param text its content
 * @returns one line for each refused word: file, line, word and what to write instead
 */
function check(file, text) {
  return proseOfFile(file, text)
    .flatMap((piece) =>
      refusedIn(piece.text).map(({ rule, word, start }) => {
        return { line: lineAt(text, piece.start + start), word, rule };
      }),
    )
    .sort((a, b) => a.line - b.line)
    .map(({ line, word, rule }) => {
      return `${file}:${line}: "${word.replace(/\s+/g, ' ')}": write ${rule.instead}`;
    });
}

const isRead = (file) => /\.(?:[mc]?[jt]s|md)$/.test(file) && !isExempt(file);

function git(args, options) {
  return execFileSync('git', args, { cwd: root, maxBuffer: 2 ** 30, encoding: 'utf8', ...options });
}

/** The files of the work tree, as an array of `[file, text]`. */
function filesOfTree() {
  return git(['ls-files', '--cached', '--others', '--exclude-standard'])
    .split('\n')
    .filter((file) => isRead(file) && existsSync(root + file))
    .map((file) => [file, readFileSync(root + file, 'utf8')]);
}

/** The files of a commit, as an array of `[file, text]`. */
function filesOfCommit(ref) {
  const files = git(['ls-tree', '-r', '--name-only', ref]).split('\n').filter(isRead);
  const input = Buffer.from(files.map((file) => `${ref}:${file}\n`).join(''));
  const output = git(['cat-file', '--batch'], { input, encoding: 'buffer' });
  let at = 0;
  return files.map((file) => {
    const lineEnd = output.indexOf(10, at);
    const size = Number(output.toString('utf8', at, lineEnd).split(' ')[2]);
    at = lineEnd + 1 + size + 1;
    return [file, output.toString('utf8', lineEnd + 1, lineEnd + 1 + size)];
  });
}

/** Prints the uses of each counted pattern in comments, strings and Markdown, and per 1,000 words of comments. */
function count(files) {
  const words = { comment: 0, string: 0, markdown: 0 };
  const uses = new Map(counted.map((rule) => [rule, { comment: 0, string: 0, markdown: 0 }]));
  for (const [file, text] of files) {
    for (const piece of proseOfFile(file, text)) {
      words[piece.kind] += piece.text.match(/[A-Za-z][A-Za-z'’-]*/g)?.length ?? 0;
      for (const { rule } of refusedIn(piece.text, counted)) uses.get(rule)[piece.kind] += 1;
    }
  }
  console.log(`${files.length} files, ${words.comment} words of comments\n`);
  console.log('| pattern | comments | per 1,000 words | strings | Markdown |');
  console.log('| --- | --- | --- | --- | --- |');
  for (const [{ counted: name }, { comment, string, markdown }] of uses) {
    const rate = ((1000 * comment) / words.comment).toFixed(2);
    console.log(`| ${name} | ${comment} | ${rate} | ${string} | ${markdown} |`);
  }
}

function main(args) {
  if (args[0] === '--count') {
    count(args[1] === undefined ? filesOfTree() : filesOfCommit(args[1]));
    return;
  }
  const files = args.length > 0 ? args.map((file) => [file, readFileSync(file, 'utf8')]) : filesOfTree();
  const problems = files.flatMap(([file, text]) => check(file, text));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) {
    console.error(`${problems.length} words are not plain: see CONTRIBUTING.md, "Style"`);
    process.exitCode = 1;
  }
}

main(process.argv.slice(2));
