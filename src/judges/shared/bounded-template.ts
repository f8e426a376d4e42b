import { Environment, Interpreter, Template } from "@huggingface/jinja";

/** Work that a template may do, in evaluated nodes and turns of loops: a hundred times what those of model hubs take for a short conversation. */
const MOST_WORK = 200_000;
/** The same for each message beside that. */
const MOST_WORK_PER_MESSAGE = 10_000;
/** Characters of a text, and entries of a list, that count as one node, so that what is kept stays as small as the work. */
const CHARACTERS_PER_WORK = 64;
const ENTRIES_PER_WORK = 8;
/** Most numbers of one `range`, which is a list here. */
const MOST_NUMBERS = 10_000;

/** A Jinja template that ends: one that would run or grow without bound is stopped by an error. It knows no date. */
export class BoundedTemplate extends Template {
  /** @throws {Error} what the template raises, or that it does more than a chat template has to */
  override render(variables: { readonly [name: string]: unknown; readonly messages: readonly unknown[] }): string {
    const environment = new Environment();
    for (const [name, value] of Object.entries({ ...GLOBALS, ...variables })) environment.set(name, value);
    const interpreter = new BoundedInterpreter(environment, MOST_WORK + MOST_WORK_PER_MESSAGE * variables.messages.length);
    return String(interpreter.evaluate(this.parsed, environment).value);
  }
}

/** The library declares the class in a way that TypeScript cannot follow; these are the methods that evaluate a node and a list of them. */
class BoundedInterpreter extends Interpreter {
  private left: number;

  constructor(environment: Environment, mostWork: number) {
    super(environment);
    this.left = mostWork;
  }

  evaluate(node: unknown, environment: Environment): { readonly value: unknown } {
    this.spend(1);
    const result = super.evaluate(node, environment);
    const { value } = result;
    if (typeof value === "string") this.spend(value.length / CHARACTERS_PER_WORK);
    if (Array.isArray(value)) this.spend(value.length / ENTRIES_PER_WORK);
    return result;
  }

  evaluateBlock(nodes: unknown, environment: Environment): unknown {
    this.spend(1);
    return super.evaluateBlock(nodes, environment);
  }

  private spend(work: number): void {
    this.left -= work;
    if (this.left < 0) throw new Error("it does more work than a chat template has to, or writes more");
  }
}

/** What the library's own rendering knows by name. */
const GLOBALS = {
  ...{ true: true, True: true, false: false, False: false, none: null, None: null },
  raise_exception(problem: unknown) {
    throw new Error(String(problem));
  },
  range(first: number, last?: number, step = 1) {
    const [start, stop] = last === undefined ? [0, first] : [first, last];
    if (step === 0) throw new Error("range() step must not be zero");
    const count = Math.max(0, Math.ceil((stop - start) / step));
    if (count > MOST_NUMBERS) throw new Error(`range() of more than ${MOST_NUMBERS} numbers`);
    return Array.from({ length: count }, (_, index) => start + index * step);
  },
};
