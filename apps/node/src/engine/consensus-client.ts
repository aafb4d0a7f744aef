/** The version of a consensus client (`ClientVersionV1`). */
export interface ClientVersion {
  readonly code: string;
  readonly name: string;
  readonly version: string;
  readonly commit: string;
}

/** What the consensus client reported about itself. */
export interface ConsensusClient {
  /** From its last call of `engine_getClientVersionV1`. */
  version: ClientVersion | undefined;
  /** The columns that it samples, a bitmap of 16 bytes. */
  custodyColumns: Uint8Array | undefined;
}
