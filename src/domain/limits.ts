/** Bounds on what one request may hold. Passing one is TOO_LARGE, before anything is scored. */
export interface RequestLimits {
  /** Items in a unary request. */
  readonly maxItems: number;
  /** Candidates in a unary request, over all items. */
  readonly maxCandidates: number;
  /** UTF-16 units in one text field. */
  readonly maxTextLength: number;
  /** Bytes of an HTTP body, after decompression. */
  readonly maxHttpBodyBytes: number;
  /** Bytes of a gRPC message. */
  readonly maxGrpcMessageBytes: number;
  /** Nesting depth of a JSON body. */
  readonly maxJsonDepth: number;
  /** Items of one stream that may be under way at once; further ones wait, which stalls the sender. */
  readonly maxStreamInFlight: number;
}
