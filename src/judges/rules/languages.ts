/** Beginning of a text that is looked at: more does not make it surer. */
const MAX_LOOKED_AT = 4_000;

/** Tells the languages of texts. */
export interface Languages {
  /** Two letters of ISO 639-1; empty when the text has no language to tell. */
  languageOf(text: string): string;
  /** Languages that can be told. */
  readonly languages: ReadonlySet<string>;
}

/** Loads the tables of about 60 languages. They take 50 MB, so only those load them who tell languages. */
export async function loadLanguages(): Promise<Languages> {
  const { eld } = await import("eld/extrasmall");
  return {
    languageOf: (text) => eld.detect(text.slice(0, MAX_LOOKED_AT)).language,
    languages: new Set(Object.values(eld.info().Languages)),
  };
}
