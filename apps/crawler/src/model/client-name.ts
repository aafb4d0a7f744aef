/** What a client id says about a program. What it does not say, or not in a known way, is absent. */
export interface ClientName {
  /** In lower case, such as `geth`. */
  readonly name?: string;
  /** Number and kind, such as `1.17.5` or `1.17.6-unstable`; builds and dates are left out. */
  readonly version?: string;
  /** `linux`, `windows`, `macos` or another family of systems. */
  readonly os?: string;
  /** Language or runtime with its version as far as told, such as `go1.24.1`, `dotnet9.0.0` or `rust`. */
  readonly language?: string;
}

/**
 * Characters that are read, as many as the store keeps. An identity may be long, and version, system and runtime come
 * after it.
 */
const maxLength = 1_024;
/** Of each part that is shown. */
const maxPart = 48;

const systems: readonly (readonly [RegExp, string])[] = [
  [/linux/, 'linux'],
  [/windows|win32|win64|mingw|msvc/, 'windows'],
  [/darwin|macos|osx|apple/, 'macos'],
  [/freebsd/, 'freebsd'],
  [/openbsd/, 'openbsd'],
  [/android/, 'android'],
];

/** Runtimes and compilers as they stand at the end of a client id. */
const runtimes =
  /^(?:(?:devel )?go|rustc|rust|dotnet|openjdk|oraclejdk|java|graalvm|corretto|zulu|node|bun|deno|nim|c?python|gcc|clang|elixir)(?=$|[\W\d_])|[\W_]java-\d/;

/** Clients that are written in one language and leave it out. */
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
 * Clients whose version is the second part, whatever the last one is. They have no identity of the user's own, or have
 * it elsewhere, and may have further parts: `Ethereum(J)/v1.4.0/Linux/Release/Java/phrase`, or a slash in the name of
 * the branch that they were built from.
 */
const versionSecond: ReadonlySet<string> = new Set([
  ...['reth', 'op-reth', 'ethrex', 'akula', 'nimbus-eth1', 'ethereumjs', 'q-client'],
  ...['aleth', '++eth', 'ethereum(++)', 'ethereum(j)', 'trinity', 'mantis', 'silkworm'],
]);

/**
 * A version with what follows it: `v1.17.5-stable-0c2fb441`, `1.30.0+78a4bd7`, `v1.9.7-stable(quorum-v21.1.0)`, and the
 * form of Python's packages, `0.1.0a36`.
 */
const version =
  /^v?(\d+(?:\.\d+)+(?:(?:a|alpha|b|beta|rc|dev)\d+)?)(?!\w|\.\d)((?:[-+._][\w.]+)*)(?:\(.*\))?$/;
/** Builds are told apart by these, and are not of interest. */
const build = /^(?:stable|release|commit\..*|[0-9a-f]{6,40}|\d{6,14})$/;

/**
 * Reads the client id of a Hello. Most have the form of go-ethereum, `name[/identity]/version/system/runtime`, in which
 * an identity may hold anything, slashes too, so that parts are counted from the end. The version is the part that
 * stands in its place, never another one that looks like one. Anything may come from the network: what cannot be
 * understood is left out, and nothing is thrown.
 */
export function parseClientName(clientId: string): ClientName {
  const [first = '', ...rest] = partsOf(clientId);
  const name = first.toLowerCase();
  const place = versionPlace(name, rest, clientId.length > maxLength);
  const number = shortVersion(rest[place] ?? '');
  // What stands before is the user's own, and may be called anything.
  const others = rest.slice(place + 1).map((part) => part.toLowerCase());
  const os = systems.find(([pattern]) => others.some((part) => pattern.test(part)))?.[1];
  const language =
    others.find((part) => runtimes.test(part)) ??
    (Object.hasOwn(languageOf, name) ? languageOf[name] : undefined);
  return {
    ...(name !== '' && { name: cut(name) }),
    ...(number !== undefined && { version: cut(number) }),
    ...(os !== undefined && { os }),
    ...(language !== undefined && { language: cut(language) }),
  };
}

/** A part as it is shown; half of a character is left out. */
function cut(part: string): string {
  return part.slice(0, maxPart).replace(/\p{Cs}$/u, '');
}

/** Where in the parts after the name the version should be; the end of them, or beyond, when it is not known. */
function versionPlace(name: string, rest: readonly string[], isCut: boolean): number {
  if (versionSecond.has(name)) return 0;
  if (isCut) return rest.length;
  const last = rest.at(-1)?.toLowerCase() ?? '';
  // `Geth/v1.3.3/darwin` and what is shorter: the runtime is missing, and there is no identity without one.
  if (rest.length < 3) return runtimes.test(last) ? -1 : 0;
  return runtimes.test(last) || isKnownForm(name) ? rest.length - 3 : 0;
}

/** Clients of go-ethereum's form whose runtimes have had other names. */
function isKnownForm(name: string): boolean {
  return ['geth', 'nethermind', 'besu', 'pantheon'].includes(name) || name.endsWith('erigon');
}

/** The parts between slashes or, in the form of `nimbus-eth1 v0.1.0 [linux: amd64]`, spaces. */
function partsOf(clientId: string): string[] {
  const text = printable(clientId.slice(0, maxLength));
  return text
    .split(text.includes('/') ? /\/+/ : /[\s,[\]()]+/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Number and kinds; `undefined` for what is no version. */
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
 * Text from the network as it may be shown: control characters, those that change the direction of writing and other
 * invisible ones become `\ufffd`.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd');
}
