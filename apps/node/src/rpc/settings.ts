/** Groups of methods that a server without authentication can offer. */
export const rpcApis = ['admin', 'debug', 'eth', 'net', 'txpool', 'web3'] as const;
export type RpcApi = (typeof rpcApis)[number];

interface AddressSettings {
  /** IP address to listen on. @default '127.0.0.1' */
  readonly host?: string | undefined;
}

interface ServerSettings extends AddressSettings {
  /** Groups of methods; `admin` controls the node. @default ['eth', 'net', 'web3'] */
  readonly apis?: readonly RpcApi[] | undefined;
}

/** JSON-RPC over HTTP. */
export interface HttpSettings extends ServerSettings {
  /** TCP port; 0 selects a free one. @default 8545 */
  readonly port?: number | undefined;
  /** Origins whose pages may send requests; `*` for any. @default none */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Accepted host names; `*` for any. IP addresses are always accepted. @default ['localhost'] */
  readonly virtualHosts?: readonly string[] | undefined;
}

/** JSON-RPC over WebSocket, with subscriptions. */
export interface WebSocketSettings extends ServerSettings {
  /** TCP port, which may be that of HTTP; 0 selects a free one. @default 8546 */
  readonly port?: number | undefined;
  /** Origins whose pages may connect; scheme and port are optional. @default those of the local host */
  readonly origins?: readonly string[] | undefined;
}

/** JSON-RPC for the consensus client, over HTTP and WebSocket on one port, with a token each time. */
export interface AuthrpcSettings extends AddressSettings {
  /** TCP port; 0 selects a free one. @default 8551 */
  readonly port?: number | undefined;
  /** Accepted host names; `*` for any. IP addresses are always accepted. @default ['localhost'] */
  readonly virtualHosts?: readonly string[] | undefined;
  /** Secret that signs the tokens, 32 bytes. @default the one in `datadir/jwtsecret`, created at the first start */
  readonly jwtSecret?: Uint8Array | undefined;
  /** Maximum depth of a reorganization by the consensus client, in blocks; 0 for no limit. @default 32 (go-ethereum) */
  readonly maxReorgDepth?: number | undefined;
  /**
   * Whether the consensus client is optional. Then a port in use causes a warning instead of an error, and the node
   * follows the best block of static nodes until a client sends its first head. @default false
   */
  readonly optional?: boolean | undefined;
}
