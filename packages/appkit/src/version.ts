import { readFileSync } from 'node:fs';

/** Reads the version of a program from its package.json. */
export function readVersion(packageJson: URL): string {
  return (JSON.parse(readFileSync(packageJson, 'utf8')) as { version: string }).version;
}

/**
 * Returns the client id of a program for Hello: name, identity, version, platform and runtime.
 *
 * @param identity name that the operator has chosen
 */
export function clientId(name: string, version: string, identity?: string): string {
  const chosen = identity === undefined ? [] : [identity];
  const platform = `${process.platform}-${process.arch}`;
  return [name, ...chosen, `v${version}`, platform, `node-${process.version}`].join('/');
}
