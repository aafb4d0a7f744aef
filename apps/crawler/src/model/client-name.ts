import { string } from '@devp2p/options';
import { check } from './check-options.ts';

/** Parts of a client id. Parts that it lacks, or that are in an unknown form, are absent. */
export interface ClientName {
  /** In lower case, such as `geth`. */
  readonly name?: string;
  /** Number and kind, such as `1.17.5` or `1.17.6-unstable`, without build and date. */
  readonly version?: string;
  /** Operating system family: `linux`, `windows`, `macos` and others. */
  readonly os?: string;
  /** Language or runtime, with its version if present, such as `go1.24.1`, `dotnet9.0.0` or `rust`. */
  readonly language?: string;
}

/** Characters that are parsed; the store keeps the same number. Version, system and runtime follow a possibly long identity. */
const maxLength = 1_024;
/** Maximum length of each part in the result. */
const maxPart = 48;

const systems: readonly (readonly [RegExp, string])[] = [
  [/linux/, 'linux'],
  [/windows|win32|win64|mingw|msvc/, 'windows'],
  [/darwin|macos|osx|apple/, 'macos'],
  [/freebsd/, 'freebsd'],
  [/openbsd/, 'openbsd'],
  [/android/, 'android'],
];

/** Runtimes and compilers at the end of a client id. */
const runtimes =
  /^(?:(?:devel )?go|rustc|rust|dotnet|openjdk|oraclejdk|java|graalvm|corretto|zulu|node|bun|deno|nim|c?python|gcc|clang|elixir)(?=$|[\W\d_])|[\W_]java-\d/;

/** Languages of clients whose client id may lack it. */
const languageOf: Readonly<Record<string, string>> = {
  reth: 'rust',
  ethrex: 'rust',
  'op-reth': 'rust',
  'nimbus-eth1': 'nim',
  nethermind: 'dotnet',
  besu: 'java',
  geth: 'go',
  erigon: 'go',
  bor: 'go',
  ethereumjs: 'javascript',
  aleth: 'c++',
};

/**
 * Clients whose version is always the second part. They have no user-defined identity before it, and may have further
 * parts after it: `Ethereum(J)/v1.4.0/Linux/Release/Java/phrase`, or a branch name that contains a slash.
 */
const versionSecond: ReadonlySet<string> = new Set([
  ...['reth', 'op-reth', 'ethrex', 'akula', 'nimbus-eth1', 'ethereumjs', 'q-client'],
  ...['aleth', '++eth', 'ethereum(++)', 'ethereum(j)', 'trinity', 'mantis', 'silkworm'],
]);

/**
 * A version with its suffixes: `v1.17.5-stable-0c2fb441`, `1.30.0+78a4bd7`, `v1.9.7-stable(quorum-v21.1.0)`, and in
 * the form of Python packages `0.1.0a36`.
 */
const version = /^v?(\d+(?:\.\d+)+(?:(?:a|alpha|b|beta|rc|dev)\d+)?)(?!\w|\.\d)((?:[-+._][\w.]+)*)(?:\(.*\))?$/;
/** Suffixes that identify a build. */
const build = /^(?:stable|release|commit\..*|[0-9a-f]{6,40}|\d{6,14})$/;

/**
 * Parses the client id of a Hello. Most have the form of go-ethereum, `name[/identity]/version/system/runtime`. The
 * identity may contain anything, including slashes, so parts are counted from the end. The version is the part at that
 * position, never another part that resembles a version. Input from the network may be malformed: parts that cannot be
 * parsed are absent.
 *
 * @throws CrawlerError `invalid-option` when `clientId` is not a string
 */
export function parseClientName(clientId: string): ClientName {
  check.value('clientId', clientId, string);
  const [first = '', ...rest] = splitParts(clientId);
  const name = first.toLowerCase();
  const index = versionIndex(name, rest, clientId.length > maxLength);
  const number = shortVersion(rest[index] ?? '');
  // The parts before the version are user-defined text.
  const others = rest.slice(index + 1).map((part) => part.toLowerCase());
  const os = systems.find(([pattern]) => others.some((part) => pattern.test(part)))?.[1];
  const language =
    others.find((part) => runtimes.test(part)) ?? (Object.hasOwn(languageOf, name) ? languageOf[name] : undefined);
  return {
    ...(name !== '' && { name: cut(name) }),
    ...(number !== undefined && { version: cut(number) }),
    ...(os !== undefined && { os }),
    ...(language !== undefined && { language: cut(language) }),
  };
}

/** Cuts a part to its maximum length, without half a surrogate pair at the end. */
function cut(part: string): string {
  return part.slice(0, maxPart).replace(/\p{Cs}$/u, '');
}

/** Returns the index of the version in the parts after the name; outside of them when it is unknown. */
function versionIndex(name: string, rest: readonly string[], isCut: boolean): number {
  if (versionSecond.has(name)) return 0;
  if (isCut) return rest.length;
  const last = rest.at(-1)?.toLowerCase() ?? '';
  // `Geth/v1.3.3/darwin` and shorter: without a runtime there is no identity either.
  if (rest.length < 3) return runtimes.test(last) ? -1 : 0;
  return runtimes.test(last) || isKnownForm(name) ? rest.length - 3 : 0;
}

/** Whether a client has go-ethereum's form, even when its runtime is not a known one. */
function isKnownForm(name: string): boolean {
  return ['geth', 'nethermind', 'besu', 'pantheon'].includes(name) || name.endsWith('erigon');
}

/** Splits a client id at slashes, or in the form of `nimbus-eth1 v0.1.0 [linux: amd64]` at spaces. */
function splitParts(clientId: string): string[] {
  const text = printable(clientId.slice(0, maxLength));
  return text
    .split(text.includes('/') ? /\/+/ : /[\s,[\]()]+/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Returns number and kinds, or `undefined` when the text is not a version. */
function shortVersion(text: string): string | undefined {
  const [, number, rest = ''] = version.exec(text) ?? [];
  if (number === undefined) return undefined;
  const kinds: string[] = [];
  for (const kind of rest.split(/[-+]/).slice(1)) {
    if (build.test(kind)) break;
    kinds.push(kind);
  }
  return [number, ...kinds].join('-');
}

/**
 * Makes text from the network safe to display: replaces control characters, those that change the writing direction and
 * other invisible ones by `\ufffd`.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd');
}
