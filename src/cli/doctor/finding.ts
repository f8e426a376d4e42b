/** What was found about one thing. */
export interface Finding {
  readonly name: string;
  readonly state: "ok" | "warn" | "fail";
  readonly message: string;
  /** What to do; present unless all is well. */
  readonly fix?: string;
}
