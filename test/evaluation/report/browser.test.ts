/** The page as a browser shows it: nothing loaded, nothing beside the page, legible in light, in dark and on paper. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reportPage } from "../../../src/evaluation/report/page.ts";
import { browserPath } from "../../browser.ts";
import { fullContent } from "./content.ts";

const path = browserPath();
const folder = mkdtempSync(join(tmpdir(), "subquad-report-"));
const file = pathToFileURL(join(folder, "report.html")).href;
let browser: Browser | undefined;

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Ratio of two colours' luminances, as the Web Content Accessibility Guidelines define it. */
function contrast(one: string, other: string): number {
  const luminance = (colour: string) => {
    const parts = (colour.match(/\d+(\.\d+)?/g) ?? []).slice(0, 3).map((part) => Number(part) / 255);
    const [red = 0, green = 0, blue = 0] = parts.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** Colours of texts and of what is behind them. */
const coloursOf = (page: Page) =>
  page.evaluate(() => {
    const { document, getComputedStyle } = globalThis as unknown as {
      document: { querySelector(selector: string): unknown };
      getComputedStyle(element: unknown): { color: string; fill: string; backgroundColor: string };
    };
    const style = (selector: string) => getComputedStyle(document.querySelector(selector));
    const texts = [".kicker", "h1", ".verdict strong", "p", "nav a", "td", "summary", "footer"];
    const words = ["svg text", "svg .quiet"];
    return {
      behind: style("body").backgroundColor,
      texts: [...texts.map((each) => style(each).color), ...words.map((each) => style(each).fill)],
    };
  });

describe.skipIf(path === undefined)("in a browser (skipped where no Chromium is installed)", () => {
  beforeAll(async () => {
    writeFileSync(join(folder, "report.html"), reportPage(fullContent));
    browser = await chromium.launch({ executablePath: path ?? "" });
  }, 30_000);

  async function open(width: number, colorScheme: "light" | "dark", media: "screen" | "print" = "screen") {
    if (browser === undefined) throw new Error("the browser did not start");
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    await page.emulateMedia({ media, colorScheme });
    const asked: string[] = [];
    const said: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(error.message));
    await page.goto(file);
    return { page, asked, said };
  }

  test.each([1280, 375])("%d pixels wide it loads nothing and nothing lies beside it", async (width) => {
    const { page, asked, said } = await open(width, "light");
    expect(asked).toEqual([file]);
    expect(said).toEqual([]);
    const beside = await page.locator("svg text, h1, h2, p, dd, figcaption, nav a, summary").evaluateAll((all) => {
      type Box = { left: number; right: number };
      const elements = all as unknown as { textContent: string; getBoundingClientRect(): Box }[];
      const { innerWidth } = globalThis as unknown as { innerWidth: number };
      return elements.flatMap((element) => {
        const { left, right } = element.getBoundingClientRect();
        return left < 0 || right > innerWidth ? [element.textContent] : [];
      });
    });
    expect(beside).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
    await page.close();
  });

  test.each(["light", "dark"] as const)("its texts stand out from a %s page", async (scheme) => {
    const { page } = await open(1280, scheme);
    const { behind, texts } = await coloursOf(page);
    expect(contrast(behind, "rgb(0,0,0)") > contrast(behind, "rgb(255,255,255)")).toBe(scheme === "light");
    for (const colour of texts) expect(contrast(colour, behind)).toBeGreaterThan(4.5);
    await page.close();
  });

  test("on paper it is light and has what is folded away", async () => {
    const { page } = await open(800, "dark", "print");
    const { behind } = await coloursOf(page);
    expect(contrast(behind, "rgb(255,255,255)")).toBeLessThan(1.1);
    const heights = await page
      .locator("details > :not(summary)")
      .evaluateAll((all) => (all as unknown as { offsetHeight: number }[]).map(({ offsetHeight }) => offsetHeight));
    expect(heights.length).toBeGreaterThan(3);
    expect(Math.min(...heights)).toBeGreaterThan(20);
    await page.close();
  });
});
