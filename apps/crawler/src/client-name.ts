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

/** More than this says nothing new; a Hello may hold 2 KiB and more. */
const maxLength = 256;
const maxPart = 48;

const systems: readonly (readonly [RegExp, string])[] = [
  [/linux/, 'linux'],
  [/windows|win32|win64|mingw|msvc/, 'windows'],
  [/darwin|macos|osx|apple/, 'macos'],
  [/freebsd/, 'freebsd'],
  [/openbsd/, 'openbsd'],
  [/android/, 'android'],
];

const languages =
  /^(?:go|rustc|rust|dotnet|openjdk|oraclejdk|java|graalvm|corretto|zulu|node|bun|deno|nim|python|gcc|clang|elixir)(?=$|[\W\d_])/;

/** Written in one language, which they do not tell. */
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
};

/** A version with what follows it: `v1.17.5-stable-0c2fb441`, `1.30.0+78a4bd7`. */
const version = /^v?(\d+(?:\.\d+)+)((?:[-+._][\w.]+)*)$/;
/** Builds are told apart by these, and are not of interest. */
const build = /^(?:stable|release|[0-9a-f]{6,40}|\d{6,14})$/;

/**
 * Reads the client id of a Hello, by convention `name/version/system/language` with a name of the user's own after the
 * first. Anything may come from the network: whatever cannot be understood is left out, and nothing is thrown.
 */
export function parseClientName(clientId: string): ClientName {
  const [first = '', ...rest] = partsOf(clientId);
  const name = first.toLowerCase();
  const at = rest.findIndex((part) => version.test(part));
  const number = rest[at];
  // Before the version stands a name of the user's own, which may be called anything.
  const others = rest.slice(at + 1).map((part) => part.toLowerCase());
  const os = systems.find(([pattern]) => others.some((part) => pattern.test(part)))?.[1];
  const language =
    others.find((part) => languages.test(part)) ??
    (Object.hasOwn(languageOf, name) ? languageOf[name] : undefined);
  return {
    ...(name !== '' && { name }),
    ...(number !== undefined && { version: shortVersion(number) }),
    ...(os !== undefined && { os }),
    ...(language !== undefined && { language }),
  };
}

/** The parts between slashes or, in the form of `nimbus-eth1 v0.1.0 [linux: amd64]`, spaces. */
function partsOf(clientId: string): string[] {
  const text = printable(clientId.slice(0, maxLength));
  return text
    .split(text.includes('/') ? /\/+/ : /[\s,[\]()]+/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => part.slice(0, maxPart));
}

function shortVersion(text: string): string {
  const [, number = '', rest = ''] = version.exec(text) ?? [];
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
