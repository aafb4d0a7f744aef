import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly version: string;
}

/** The description of a tarball by `npm pack --json`. */
interface Packed {
  readonly name: string;
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

export interface Registry {
  readonly url: string;
  /** The paths in the tarball of one of our packages. */
  files(name: string): readonly string[];
  close(): void;
}

/**
 * An npm registry on loopback: our packages as `npm pack` makes them, all others from node_modules of this
 * checkout. It resolves the same packages as `npm install` of a user.
 */
export async function startRegistry(root: string, packages: readonly string[], workDir: string): Promise<Registry> {
  const folders = new Map<string, Map<string, string>>();
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { link?: boolean; dev?: boolean; optional?: boolean }>;
  };
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (!path.includes('node_modules/') || entry.link === true || entry.dev === true) continue;
    const manifest = readManifest(join(root, path));
    if (manifest !== undefined) remember(folders, manifest, join(root, path));
  }

  const tarballs = new Map<string, Buffer>();
  const packed = JSON.parse(
    execFileSync(
      'npm',
      [
        'pack',
        '--json',
        '--ignore-scripts',
        `--pack-destination=${workDir}`,
        ...packages.map((folder) => `./${folder}`),
      ],
      { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    ),
  ) as Packed[] | Record<string, Packed>;
  const names = Object.values(packed).map(({ filename }) => filename);
  for (const folder of packages) {
    const manifest = readManifest(join(root, folder));
    if (manifest === undefined) throw new Error(`${folder} has no package.json`);
    const file = `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`;
    if (!names.includes(file)) throw new Error(`npm pack made ${names.join(', ')}, expected ${file}`);
    remember(folders, manifest, join(root, folder));
    tarballs.set(`${manifest.name}@${manifest.version}`, readFileSync(join(workDir, file)));
  }

  const tarball = (name: string, version: string, folder: string): Buffer => {
    const key = `${name}@${version}`;
    const known = tarballs.get(key);
    if (known !== undefined) return known;
    const file = join(mkdtempSync(join(workDir, 'tar-')), 'package.tgz');
    execFileSync('tar', ['czf', file, '--exclude=./node_modules', '--transform=s,^\\.,package,', '-C', folder, '.']);
    const made = readFileSync(file);
    tarballs.set(key, made);
    return made;
  };

  const server = createServer((request, response) => {
    const [name = '', version] = decodeURIComponent((request.url ?? '/').slice(1)).split('/-/');
    const versions = folders.get(name);
    if (versions === undefined) {
      response.writeHead(404).end('{}');
      return;
    }
    if (version !== undefined) {
      response.end(tarball(name, version, versions.get(version) ?? ''));
      return;
    }
    const { port } = server.address() as AddressInfo;
    const described = [...versions].map(([one, folder]) => {
      const bytes = tarball(name, one, folder);
      const dist = {
        tarball: `http://127.0.0.1:${port}/${encodeURIComponent(name)}/-/${one}`,
        integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
      };
      return [one, { ...readManifest(folder), dist }] as const;
    });
    const latest = described.at(-1)?.[0];
    response.end(
      JSON.stringify({
        name,
        'dist-tags': { latest },
        versions: Object.fromEntries(described),
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    files(name) {
      const found = Object.values(packed).find((one) => one.name === name);
      return found?.files.map(({ path }) => path) ?? [];
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function remember(folders: Map<string, Map<string, string>>, { name, version }: Manifest, folder: string): void {
  const versions = folders.get(name) ?? new Map<string, string>();
  folders.set(name, versions.set(version, folder));
}

/** `undefined` for an optional package that is not installed on this machine. */
function readManifest(folder: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
