// Reads TypeScript and JavaScript as tokens: comments, string literals and imports, without building a syntax tree.
import { SyntaxKind } from 'typescript/unstable/ast';
import { createScanner } from 'typescript/unstable/ast/scanner';

const scanner = createScanner(false);

/** Tokens after which a slash divides. After any other token it begins a regular expression. */
const operandEnds = new Set([
  SyntaxKind.Identifier,
  SyntaxKind.PrivateIdentifier,
  SyntaxKind.NumericLiteral,
  SyntaxKind.BigIntLiteral,
  SyntaxKind.StringLiteral,
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateTail,
  SyntaxKind.RegularExpressionLiteral,
  SyntaxKind.CloseParenToken,
  SyntaxKind.CloseBracketToken,
  SyntaxKind.CloseBraceToken,
  SyntaxKind.ThisKeyword,
  SyntaxKind.SuperKeyword,
  SyntaxKind.TrueKeyword,
  SyntaxKind.FalseKeyword,
  SyntaxKind.NullKeyword,
]);

/**
 * The tokens of a source, without white space and line ends.
 *
 * @param text the source
 * @returns an iterator of `{ kind, text, start }`, where `kind` is a `SyntaxKind` and `start` an offset in `text`
 */
function* tokensOf(text) {
  scanner.setText(text);
  // One entry for each open brace: true where it begins a template's substitution.
  const braces = [];
  let previous = SyntaxKind.Unknown;
  for (;;) {
    let kind = scanner.scan();
    if (kind === SyntaxKind.EndOfFile) return;
    if (kind === SyntaxKind.WhitespaceTrivia || kind === SyntaxKind.NewLineTrivia) continue;
    if (kind === SyntaxKind.SlashToken || kind === SyntaxKind.SlashEqualsToken) {
      if (!operandEnds.has(previous)) kind = scanner.reScanSlashToken();
    } else if (kind === SyntaxKind.TemplateHead) {
      braces.push(true);
    } else if (kind === SyntaxKind.OpenBraceToken) {
      braces.push(false);
    } else if (kind === SyntaxKind.CloseBraceToken && braces.pop()) {
      kind = scanner.reScanTemplateToken(false);
      if (kind === SyntaxKind.TemplateMiddle) braces.push(true);
    }
    if (!isComment(kind)) previous = kind;
    yield { kind, text: scanner.getTokenText(), start: scanner.getTokenStart() };
  }
}

function isComment(kind) {
  return kind === SyntaxKind.SingleLineCommentTrivia || kind === SyntaxKind.MultiLineCommentTrivia;
}

const stringKinds = new Set([
  SyntaxKind.StringLiteral,
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateHead,
  SyntaxKind.TemplateMiddle,
  SyntaxKind.TemplateTail,
]);

/**
 * The comments and the string literals of a source. Line comments that follow each other are one comment. The marks of
 * a comment are replaced by spaces, so that offsets stay. A template gives one string for each part between its
 * substitutions; module specifiers are left out.
 *
 * @param text the source
 * @returns an array of `{ kind, text, start }`, where `kind` is `comment` or `string`
 */
export function proseOf(text) {
  const found = [];
  let last = { text: '' };
  let lastComment;
  for (const token of tokensOf(text)) {
    if (isComment(token.kind)) {
      const plain = withoutMarks(token.text);
      const end = lastComment === undefined ? 0 : lastComment.start + lastComment.text.length;
      if (lastComment !== undefined && /^[ \t]*\r?\n[ \t]*$/.test(text.slice(end, token.start))) {
        lastComment.text += text.slice(end, token.start) + plain;
      } else {
        lastComment = { kind: 'comment', text: plain, start: token.start };
        found.push(lastComment);
      }
      if (token.kind !== SyntaxKind.SingleLineCommentTrivia) lastComment = undefined;
      continue;
    }
    lastComment = undefined;
    if (stringKinds.has(token.kind) && last.text !== 'from' && last.text !== 'import') {
      found.push({ kind: 'string', text: token.text, start: token.start });
    }
    last = token;
  }
  return found;
}

function withoutMarks(comment) {
  const blank = (marks) => marks.replace(/[^\r\n]/g, ' ');
  if (comment.startsWith('//')) return comment.replace(/^\/\/+/, blank);
  return comment.replace(/^\/\*+|\*\/$|(?<=\n)[ \t]*\*(?!\/)/g, blank);
}

/**
 * The module specifiers that a source imports, exports from, or loads with `import()`.
 *
 * @param text the source
 * @returns an array of `{ specifier, start }`
 */
export function importsOf(text) {
  const found = [];
  let last = { text: '' };
  let beforeLast = last;
  for (const token of tokensOf(text)) {
    if (isComment(token.kind)) continue;
    if (token.kind === SyntaxKind.StringLiteral || token.kind === SyntaxKind.NoSubstitutionTemplateLiteral) {
      const isStatic =
        (last.kind === SyntaxKind.FromKeyword && beforeLast.kind !== SyntaxKind.DotToken) ||
        last.kind === SyntaxKind.ImportKeyword;
      const isCall = last.kind === SyntaxKind.OpenParenToken && beforeLast.kind === SyntaxKind.ImportKeyword;
      if (isStatic || isCall) {
        found.push({ specifier: token.text.slice(1, -1), start: token.start });
      }
    }
    beforeLast = last;
    last = token;
  }
  return found;
}

/**
 * The number of the line at an offset.
 *
 * @param text the source
 * @param offset characters from the start of `text`
 * @returns the line, where the first is 1
 */
export function lineAt(text, offset) {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1;
  }
  return line;
}
