import { readFileSync } from 'node:fs';

const file = new URL('../package.json', import.meta.url);

/** Version of this package. */
export const version: string = (JSON.parse(readFileSync(file, 'utf8')) as { version: string })
  .version;

/** What peers are told about the program: name, own name, version, platform, runtime. */
export function clientId(identity?: string): string {
  const own = identity === undefined ? [] : [identity];
  const platform = `${process.platform}-${process.arch}`;
  return ['devp2p-node', ...own, `v${version}`, platform, `node-${process.version}`].join('/');
}
