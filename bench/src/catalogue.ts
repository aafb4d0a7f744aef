/** The cases with their units, implementations and goals. */

export type Implementation =
  | 'fast'
  | 'noble'
  | 'ethereumjs'
  | 'rlp'
  | 'go'
  | 'node'
  | 'geth'
  | 'import'
  | 'vm'
  | 'geth-import';

interface Unit {
  readonly name: string;
  /** Counts of a worker per unit. */
  readonly counts: number;
}

/** Required ratio of our speed to that of another implementation. */
export interface Goal {
  readonly than: Implementation;
  /** `undefined` if the ratio is shown for information only. */
  readonly atLeast?: number;
}

export interface Case {
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  readonly goals: readonly Goal[];
  /**
   * Warm-up before the first round, in ms. @default 1000, which is enough for code that runs a thousand times per
   * second
   */
  readonly warmUp?: number;
  /** Rounds at most, for a case whose slices have a length of their own. @default not limited */
  readonly maxRounds?: number;
}

export interface Group {
  readonly title: string;
  /** Titles by implementation. The first is ours, to which the goals refer. */
  readonly columns: Readonly<Partial<Record<Implementation, string>>>;
  readonly cases: readonly Case[];
  /**
   * Whether workers are kept for the next case, because they take seconds to start. @default new workers for each case
   */
  readonly keepWorkers?: boolean;
}

const perSecond: Unit = { name: '/s', counts: 1 };
const blocksPerSecond: Unit = { name: 'blocks/s', counts: 1 };
const gasPerSecond: Unit = { name: 'Mgas/s', counts: 1e6 };
const megabytes: Unit = { name: 'MB/s', counts: 1e6 };

const rlpx: Group = {
  title: 'RLPx over loopback TCP, both ends in one process',
  columns: {
    fast: '@devp2p/rlpx (fast)',
    noble: '@devp2p/rlpx (noble)',
    ethereumjs: '@ethereumjs/devp2p',
    go: 'go-ethereum',
  },
  cases: [
    {
      name: 'rlpx-handshake',
      title: 'handshake with Hello',
      unit: perSecond,
      // V8 compiles code that runs once per handshake only after about two thousand of them.
      warmUp: 6000,
      goals: [
        { than: 'ethereumjs', atLeast: 18 },
        { than: 'go', atLeast: 0.5 },
      ],
    },
    {
      name: 'rlpx-peer',
      title: 'handshake until the protocols run',
      unit: perSecond,
      warmUp: 6000,
      goals: [{ than: 'ethereumjs', atLeast: 18 }],
    },
    {
      name: 'rlpx-bulk',
      title: '100 KiB messages, Snappy',
      unit: megabytes,
      goals: [
        { than: 'ethereumjs', atLeast: 18 },
        { than: 'go', atLeast: 0.5 },
      ],
    },
    {
      name: 'rlpx-blocks',
      title: '100 KiB messages that Snappy shortens by a third',
      unit: megabytes,
      goals: [{ than: 'ethereumjs' }, { than: 'go', atLeast: 0.5 }],
    },
    {
      name: 'rlpx-small',
      title: '100-byte messages, Snappy',
      unit: perSecond,
      goals: [{ than: 'ethereumjs', atLeast: 8 }, { than: 'go' }],
    },
  ],
};

/** Our nodes refresh their table five seconds after the start. */
const firstRefresh = 6000;

const discv4: Group = {
  title: 'Discovery v4 over loopback UDP, both ends in one process',
  columns: {
    fast: '@devp2p/discv4',
    ethereumjs: '@ethereumjs/devp2p',
    go: 'go-ethereum',
  },
  cases: [
    {
      name: 'discv4-ping',
      title: 'Ping, Pong',
      unit: perSecond,
      warmUp: firstRefresh,
      goals: [
        { than: 'ethereumjs', atLeast: 16 },
        { than: 'go', atLeast: 0.6 },
      ],
    },
    {
      name: 'discv4-find-node',
      title: 'FindNode, 16 neighbors',
      unit: perSecond,
      warmUp: firstRefresh,
      goals: [{ than: 'ethereumjs' }, { than: 'go', atLeast: 1 }],
    },
  ],
};

const enr: Group = {
  title: 'Node records',
  columns: {
    fast: '@devp2p/enr (fast)',
    noble: '@devp2p/enr (noble)',
    ethereumjs: '@ethereumjs/devp2p',
    go: 'go-ethereum',
  },
  cases: [
    {
      name: 'enr-sign',
      title: 'sign',
      unit: perSecond,
      goals: [{ than: 'go', atLeast: 1 }],
    },
    {
      name: 'enr-verify',
      title: 'read from text and verify',
      unit: perSecond,
      goals: [{ than: 'ethereumjs' }, { than: 'go', atLeast: 0.5 }],
    },
  ],
};

const rlp: Group = {
  title: 'RLP',
  columns: {
    fast: '@devp2p/rlp',
    rlp: 'rlp',
    ethereumjs: '@ethereumjs/rlp',
    go: 'go-ethereum',
  },
  cases: [
    rlpCase('rlp-body-decode', 'decode a block body, every field', 1),
    rlpCase('rlp-raw-body-decode', 'decode a block body as received, transactions encoded', 1),
    rlpCase('rlp-headers-decode', 'decode 1,000 headers', 1),
    rlpCase('rlp-body-encode', 'encode a block body', 0.5),
    rlpCase('rlp-headers-encode', 'encode 1,000 headers', 0.5),
    rlpCase('rlp-tree-decode', 'decode a block body as a tree'),
    rlpCase('rlp-tree-encode', 'encode a block body as a tree'),
  ],
};

function rlpCase(name: string, title: string, timesGo?: number): Case {
  const go = timesGo === undefined ? [] : [{ than: 'go', atLeast: timesGo } as const];
  return { name, title, unit: megabytes, goals: [{ than: 'rlp' }, { than: 'ethereumjs' }, ...go] };
}

const crypto: Group = {
  title: 'Cryptography',
  columns: {
    fast: '@devp2p/crypto/fast',
    noble: '@devp2p/crypto (noble)',
    go: 'go-ethereum',
  },
  cases: [
    cryptoCase('crypto-public-key', 'public key'),
    cryptoCase('crypto-sign', 'sign'),
    cryptoCase('crypto-recover', 'recover'),
    cryptoCase('crypto-ecdh', 'ECDH'),
    cryptoCase('crypto-keccak-bulk', 'keccak-256 of 64 KiB', megabytes),
    cryptoCase('crypto-keccak-200', 'keccak-256 of 200 bytes'),
    cryptoCase('crypto-keccak-peeks', 'keccak-256, absorb 16 bytes and read the digest'),
  ],
};

function cryptoCase(name: string, title: string, unit = perSecond): Case {
  return { name, title, unit, goals: [{ than: 'noble' }, { than: 'go', atLeast: 0.5 }] };
}

const download: Group = {
  title: 'Download by the same client, per CPU-second of the server',
  columns: { node: 'devp2p-node', geth: 'geth' },
  keepWorkers: true,
  cases: [
    downloadCase('download-headers', 'headers, 192 at a time'),
    downloadCase('download-bodies', 'bodies of 50 transfers, 128 at a time'),
    downloadCase('download-receipts', "blocks' receipts, 256 at a time"),
  ],
};

function downloadCase(name: string, title: string): Case {
  // The client and the database caches of the servers have to warm up as well.
  return { name, title, unit: perSecond, goals: [{ than: 'geth', atLeast: 0.5 }], warmUp: 3000 };
}

const pool: Group = {
  title: 'Transaction pool, 4,096 transfers of different accounts from the network',
  columns: { fast: 'devp2p-node', go: "go-ethereum's legacypool" },
  cases: [
    { name: 'pool-add', title: 'add', unit: perSecond, goals: [{ than: 'go', atLeast: 0.8 }], warmUp: 3000 },
    {
      name: 'pool-add-known-sender',
      title: 'add, without the signature check',
      unit: perSecond,
      goals: [],
      warmUp: 3000,
    },
  ],
};

const imports: Group = {
  title: 'Import of a chain, every block executed, state on disk',
  columns: { import: 'devp2p-node', vm: '@ethereumjs/vm', 'geth-import': 'geth import' },
  cases: [
    importCase('import-transfers', 'blocks of 50 transfers', blocksPerSecond, { vm: 20, geth: 1 }),
    importCase('import-mixed', 'mixed blocks', blocksPerSecond, { vm: 10, geth: 0.6 }),
    importCase('import-arithmetic', 'loops of arithmetic', gasPerSecond, { vm: 10, geth: 0.4 }),
    importCase('import-keccak', 'loops of keccak and memory', gasPerSecond, { vm: 4, geth: 0.25 }),
    importCase('import-storage', 'loops of storage', gasPerSecond),
    importCase('import-suite', "go-ethereum v1.17.5's test chain", blocksPerSecond, { vm: 6, geth: 0.9 }),
    importCase('import-suite10', "go-ethereum v1.17.10's test chain", blocksPerSecond),
  ],
};

function importCase(name: string, title: string, unit: Unit, goals: { vm?: number; geth?: number } = {}): Case {
  return {
    name,
    title,
    unit,
    goals: [
      { than: 'vm', ...(goals.vm === undefined ? {} : { atLeast: goals.vm }) },
      { than: 'geth-import', ...(goals.geth === undefined ? {} : { atLeast: goals.geth }) },
    ],
    // Each run has its own warm-up.
    warmUp: 0,
    maxRounds: 5,
  };
}

export const catalogue: readonly Group[] = [rlpx, discv4, enr, rlp, crypto, pool, download, imports];
