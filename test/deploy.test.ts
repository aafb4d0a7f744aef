import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { deadNode } from './dead-node.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(join(root, 'deploy', path), 'utf8');

type App = 'node' | 'crawler';
const apps: readonly App[] = ['node', 'crawler'];
const program = (app: App) => join(root, 'apps', app, 'bin', `devp2p-${app}.js`);

interface Service {
  readonly command?: readonly string[];
  readonly build?: { readonly dockerfile: string; readonly target: string };
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
}
const compose = parse(read('compose.yaml'), { merge: true }) as {
  readonly services: Record<App | 'grafana' | 'prometheus', Service>;
  readonly volumes: Record<string, unknown>;
};
const unit = (app: App) => read(`systemd/devp2p-${app}.service`);

/** The lines of a stage of the Dockerfile, continuations joined. */
function stage(name: string): string[] {
  const text = read('Dockerfile').replaceAll('\\\n', ' ');
  const [, lines] = new RegExp(`^FROM .* AS ${name}\\n([^]*?)(?=^FROM |(?![^]))`, 'm').exec(text) ?? [];
  if (lines === undefined) throw new Error(`the Dockerfile has no stage ${name}`);
  return lines.split('\n').filter((line) => line !== '');
}

/** The arguments of an instruction in JSON form: `CMD ["crawl"]`, `HEALTHCHECK … CMD ["node"]`. */
function instruction(app: App, name: 'ENTRYPOINT' | 'CMD' | 'HEALTHCHECK'): string[] {
  const line = stage(app).find((one) => one.startsWith(name));
  return line === undefined ? [] : (JSON.parse(line.slice(line.indexOf('['))) as string[]);
}

const environment = (app: App) =>
  stage(app)
    .filter((line) => line.startsWith('ENV '))
    .flatMap((line) => line.slice('ENV '.length).split(' '))
    .map((pair) => pair.split('=') as [string, string]);

describe.each(apps)('the flags in deploy/ of devp2p-%s', (app) => {
  let flags: Set<string>;

  beforeAll(async () => {
    const { stdout } = await run(process.execPath, [program(app), '--help']);
    flags = new Set(stdout.match(/(?<=^ +(?:-\w, )?)--[a-z.]+/gm));
  });

  test.each([
    ['Dockerfile', () => [...instruction(app, 'ENTRYPOINT'), ...instruction(app, 'CMD')]],
    ['compose.yaml', () => compose.services[app]?.command ?? []],
    ['systemd', () => /^ExecStart=(.*)$/m.exec(unit(app))?.[1]?.split(' ') ?? []],
  ] as const)('in %s are in its help', (_, args) => {
    const given = args().filter((arg) => arg.startsWith('--'));
    for (const flag of given) expect(flags).toContain(flag.replace(/=.*$/, ''));
  });

  test('in the environment are flags', () => {
    const variables = [...flags].map((flag) => `DEVP2P_${flag.slice(2).replaceAll('.', '_').toUpperCase()}`);
    const given = environment(app).map(([name]) => name);
    expect(variables).toEqual(expect.arrayContaining(given));
    const named = unit(app).match(/DEVP2P_\w+/g) ?? [];
    expect(variables).toEqual(expect.arrayContaining(named));
  });
});

describe('the files of deploy/ agree with each other', () => {
  test('the images and units start the programs of the packages', () => {
    for (const app of apps) {
      const [node, entry] = instruction(app, 'ENTRYPOINT');
      expect(node).toBe('/nodejs/bin/node');
      expect(existsSync(entry?.replace('/app/', root) ?? '')).toBe(true);
      expect(unit(app)).toMatch(new RegExp(`^ExecStart=/usr/local/bin/devp2p-${app} `, 'm'));
      expect(compose.services[app]?.build).toMatchObject({
        dockerfile: 'deploy/Dockerfile',
        target: app,
      });
    }
  });

  test('Prometheus scrapes services of the compose file, at a port that their images expose', () => {
    const { scrape_configs } = parse(read('prometheus.yml')) as {
      scrape_configs: { static_configs: { targets: string[] }[] }[];
    };
    const targets = scrape_configs.flatMap((job) => job.static_configs).flatMap((one) => one.targets);
    expect(targets.map((target) => target.split(':')[0]).sort()).toEqual([...apps].sort());
    for (const target of targets) {
      const [app, port] = target.split(':') as [App, string];
      expect(stage(app).find((line) => line.startsWith('EXPOSE'))).toContain(`${port}/tcp`);
      expect(instruction(app, 'HEALTHCHECK').join(' ')).toContain(`http://127.0.0.1:${port}/`);
    }
  });

  test('published ports of the compose file are exposed, mounted files exist', () => {
    for (const app of apps) {
      const exposed = stage(app).find((line) => line.startsWith('EXPOSE')) ?? '';
      for (const port of compose.services[app]?.ports ?? []) {
        expect(exposed).toContain(port.slice(port.lastIndexOf(':') + 1));
      }
    }
    for (const { volumes = [] } of Object.values(compose.services)) {
      for (const [source = ''] of volumes.map((volume) => volume.split(':'))) {
        if (source.startsWith('.')) expect(existsSync(join(root, 'deploy', source))).toBe(true);
        else expect(compose.volumes).toHaveProperty(source);
      }
    }
  });

  test('Grafana finds its data source and its dashboard', () => {
    const provisioning = (file: string) => parse(read(`grafana/provisioning/${file}`)) as unknown;
    expect(provisioning('datasources/prometheus.yaml')).toMatchObject({
      datasources: [{ type: 'prometheus', url: 'http://prometheus:9090' }],
    });
    const mounted = compose.services.grafana?.volumes?.find((one) => one.startsWith('./grafana/dashboards:'));
    const [, path] = mounted?.split(':') ?? [];
    expect(provisioning('dashboards/devp2p.yaml')).toMatchObject({
      providers: [{ options: { path } }],
    });
    expect(read('compose.yaml')).toContain(`DASHBOARD_PATH: ${path}/devp2p.json`);
    expect(readdirSync(join(root, 'deploy/grafana/dashboards'))).toEqual(['devp2p.json']);
  });
});

describe('running programs', () => {
  const started: ChildProcess[] = [];
  let folder: string;
  /** The address of the metrics of each. */
  let urls: Record<App, string>;

  /** Starts a program as its image does, on free ports of loopback, and waits for the address of its metrics. */
  function start(app: App, ...args: string[]): Promise<string> {
    const cwd = mkdtempSync(join(folder, `${app}-`));
    const env = { ...process.env, ...Object.fromEntries(environment(app)) };
    const metrics = ['--metrics.addr', '127.0.0.1', '--metrics.port', '0'];
    const child = spawn(process.execPath, [program(app), ...args, ...metrics], { cwd, env });
    started.push(child);
    return new Promise((resolve, reject) => {
      let output = '';
      const onText = (text: string) => {
        output += text;
        const [, address] = /metrics.*?(127\.0\.0\.1:\d+)/.exec(output) ?? [];
        if (address !== undefined) resolve(`http://${address}`);
      };
      child.stdout.setEncoding('utf8').on('data', onText);
      child.stderr.setEncoding('utf8').on('data', onText);
      child.on('exit', () => reject(new Error(output)));
    });
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'devp2p-deploy-'));
    const [node, crawler] = await Promise.all([
      start('node', '--network=hoodi', '--nodiscover', '--port=0', '--addr=127.0.0.1', '--no-authrpc'),
      start('crawler', 'crawl', '--metrics', '--networkid=1', '--addr=127.0.0.1', `--bootnodes=${deadNode}`),
    ]);
    urls = { node, crawler };
  });

  afterAll(async () => {
    const ended = started.map((child) => child.exitCode ?? new Promise((resolve) => child.once('exit', resolve)));
    for (const child of started) child.kill('SIGKILL');
    await Promise.all(ended);
    rmSync(folder, { recursive: true, force: true });
  });

  test('ND-12, CR-09 the metrics and labels of the dashboard are served', async () => {
    const served = new Map<string, Set<string>>();
    for (const app of apps) {
      const text = await (await fetch(`${urls[app]}/metrics`)).text();
      for (const [, name = ''] of text.matchAll(/^# TYPE (\w+)/gm)) {
        served.set(name, served.get(name) ?? new Set());
      }
      for (const [, name = '', labels = ''] of text.matchAll(/^(\w+)\{([^}]*)\}/gm)) {
        for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) served.get(name)?.add(label);
      }
    }
    const { panels } = JSON.parse(read('grafana/dashboards/devp2p.json')) as {
      panels: { title: string; targets?: { expr: string }[] }[];
    };
    const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
    expect(queries.length).toBeGreaterThan(40);
    for (const { title, expr } of queries) {
      // Each of our metrics is followed by its matchers.
      const metrics = [...expr.matchAll(/(\w+)\{([^}]*)\}/g)];
      expect(metrics, title).not.toEqual([]);
      for (const [, name = '', matchers = ''] of metrics) {
        expect([...served.keys()], title).toContain(name);
        const known = served.get(name) ?? new Set();
        const asked = [...matchers.matchAll(/(\w+)=/g)].map(([, label = '']) => label);
        const [, by = ''] = /by \(([^)]*)\)/.exec(expr) ?? [];
        if (known.size === 0) continue; // No labeled event has occurred.
        const all = [...asked, ...by.split(', ')].filter((one) => one !== '' && one !== 'instance');
        for (const label of all) expect([...known], `${title}: ${name}`).toContain(label);
      }
    }
  });

  test.each(apps)('the health check of the image of devp2p-%s', async (app) => {
    const [node, ...args] = instruction(app, 'HEALTHCHECK');
    expect(node).toBe('/nodejs/bin/node');
    const at = (url: string) => args.map((arg) => arg.replace('http://127.0.0.1:6060', url));
    await run(process.execPath, at(urls[app]));
    await expect(run(process.execPath, at('http://127.0.0.1:1'))).rejects.toMatchObject({
      code: 1,
    });
    await expect(run(process.execPath, at(`${urls[app]}/none`))).rejects.toMatchObject({ code: 1 });
  });
});
