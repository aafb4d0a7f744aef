/** Groups of methods that a server without authentication can offer. */
export const rpcApis = ['admin', 'net', 'web3'] as const;
export type RpcApi = (typeof rpcApis)[number];

interface AddressSettings {
  /** IP address to listen on. @default '127.0.0.1' */
  readonly host?: string | undefined;
}

interface ServerSettings extends AddressSettings {
  /** Groups of methods; `admin` controls the node. @default ['net', 'web3'], as go-ethereum */
  readonly apis?: readonly RpcApi[] | undefined;
}

/** JSON-RPC over HTTP. */
export interface HttpSettings extends ServerSettings {
  /** TCP port; 0 takes a free one. @default 8545 */
  readonly port?: number | undefined;
  /** Origins whose pages may send requests; `*` for any. @default none */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Accepted host names; `*` for any. IP addresses are always accepted. @default ['localhost'] */
  readonly virtualHosts?: readonly string[] | undefined;
}

/** JSON-RPC over WebSocket, with subscriptions. */
export interface WebSocketSettings extends ServerSettings {
  /** TCP port, which may be that of HTTP; 0 takes a free one. @default 8546 */
  readonly port?: number | undefined;
  /** Origins whose pages may connect; scheme and port may be left out. @default this machine's own */
  readonly origins?: readonly string[] | undefined;
}

/** JSON-RPC for the consensus client, over HTTP and WebSocket on one port, with a token each time. */
export interface AuthrpcSettings extends AddressSettings {
  /** TCP port; 0 takes a free one. @default 8551 */
  readonly port?: number | undefined;
  /** Accepted host names; `*` for any. IP addresses are always accepted. @default ['localhost'] */
  readonly virtualHosts?: readonly string[] | undefined;
  /** Secret that signs the tokens, 32 bytes. @default the one in `datadir/jwtsecret`, created at the first start */
  readonly jwtSecret?: Uint8Array | undefined;
  /** Blocks by which the consensus client may set the head back; 0 for no limit. @default 32, as go-ethereum */
  readonly maxReorgDepth?: number | undefined;
  /**
   * Whether the node can do without a consensus client. Then a port that is taken is one warning and no error, and the
   * best block of a static node is followed until a client names its first head. @default false
   */
  readonly optional?: boolean | undefined;
}
