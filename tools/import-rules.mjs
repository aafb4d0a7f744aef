// Allowed imports; `npm run lint` checks them. A line names only entries above it, so all arrows go down.

/** Packages, and the other packages that their sources may import. */
export const packages = {
  options: '',
  bytes: '',
  ip: 'options',
  random: 'options',
  rlp: 'options',
  clock: 'options',
  appkit: 'options clock',
  crypto: 'options random',
  enr: 'options bytes ip rlp crypto',
  addrman: 'options ip random clock',
  connmgr: 'options ip random clock',
  rlpx: 'options bytes random rlp clock crypto enr',
  peer: 'options bytes random rlp clock crypto enr',
  discover: 'options bytes ip random rlp clock crypto enr',
  discv4: 'options bytes ip random rlp clock crypto enr discover',
  dnsdisc: 'options bytes random rlp clock crypto enr',
  eth: 'options bytes random rlp clock crypto enr peer',
};

/** Folders and files in the sources of a program, and the other ones that they may import. All may import packages. */
export const programs = {
  'apps/node/src': {
    'version.ts': '',
    logging: '',
    errors: 'logging',
    nat: 'logging',
    validation: 'errors',
    config: 'errors validation',
    storage: 'config errors logging validation',
    execution: 'config errors storage validation',
    chain: 'config errors execution storage validation',
    txpool: 'chain errors execution logging storage validation',
    sync: 'chain errors logging storage validation',
    network: 'chain errors logging storage txpool validation',
    discovery: 'errors logging network storage',
    rpc: 'chain config errors logging network txpool validation',
    engine: 'chain errors logging rpc txpool validation version.ts',
    observability: 'chain discovery logging network rpc sync txpool',
    node: 'chain config discovery engine errors execution logging nat network observability rpc storage sync txpool version.ts',
    dev: 'chain config engine errors execution logging node txpool validation',
    cli: 'chain config dev discovery errors logging nat network node observability rpc sync txpool version.ts',
    'index.ts': 'chain config dev errors logging nat network node observability rpc sync txpool',
    'main.ts': 'cli',
  },
  'apps/crawler/src': {
    model: '',
    discovery: 'model',
    store: 'model',
    export: 'model',
    visit: 'discovery model',
    crawl: 'discovery model store visit',
    observability: 'crawl model',
    cli: 'crawl export model observability store visit',
    'index.ts': 'crawl export model store visit',
    'main.ts': 'cli',
  },
};

/** Modules that only some folders and files may import. */
export const restricted = [
  {
    modules: 'node:net node:dgram',
    only: 'packages/rlpx/src/tcp packages/discover/src/endpoint/bind-udp packages/discv4/src/drift/sntp packages/appkit/ apps/',
    because: 'only the socket drivers of packages and the programs open sockets',
  },
  {
    modules: 'level ws pino pino-pretty smol-toml valibot prom-client',
    only: 'packages/appkit/ apps/',
    because: 'databases, WebSocket servers, loggers, configuration and metrics belong to the programs',
  },
];
