/** The report page: whole, self-contained, the same for the same content, and safe with hostile names. */
import { describe, expect, test } from "vitest";
import type { Evaluation, ReportContent } from "../../../src/evaluation/report/content.ts";
import { reportPage } from "../../../src/evaluation/report/page.ts";
import { fullContent, withTexts } from "./content.ts";

const page = reportPage(fullContent);

/** What is left where nothing was measured. */
const empty: Evaluation = {
  ...{ model: "m", against: null, perplexity: [], by_position: [], tasks: [], recall: [] },
  ...{ linear_share: null, linear_shares: [], layer_errors: [] },
};

const sectionsOf = (html: string) => [...html.matchAll(/<section id="(\w+)"/g)].map(([, id]) => id);

/** Element names in their order with the names of their attributes: the page's structure without its texts. */
const structureOf = (html: string) =>
  [...html.matchAll(/<(\/?\w+)((?:\s+[\w:-]+(?:="[^"]*")?)*)\s*\/?>/g)].map(([, name, attributes = ""]) =>
    [name, ...[...attributes.matchAll(/([\w:-]+)(?:=|\s|$)(?:"[^"]*")?/g)].map(([, attribute]) => attribute)].join(" "),
  );

const withEvaluation = (change: Partial<Evaluation>): ReportContent => ({
  ...fullContent,
  evaluation: { ...fullContent.evaluation, ...change },
});

describe("sections", () => {
  test("of a full document are all there, and can be reached from the top", () => {
    const all = ["perplexity", "ablations", "tasks", "recall", "layers", "state", "training", "settings"];
    expect(sectionsOf(page)).toEqual(all);
    expect([...page.matchAll(/<a href="#(\w+)"/g)].map(([, id]) => id)).toEqual(all);
  });

  const nothing = { window_only: null, linear_only: null, neither: null };
  const { conversion: _conversion, ...unconverted } = fullContent;
  const { state: _state, ...stateless } = fullContent;
  const { settings: _settings, provenance: _provenance, ...unexplained } = fullContent;
  test.each<[string, ReportContent]>([
    ["tasks", withEvaluation({ tasks: [] })],
    ["recall", withEvaluation({ recall: [] })],
    ["layers", withEvaluation({ layer_errors: [], linear_shares: [null, null] })],
    [
      "ablations",
      withEvaluation({ perplexity: fullContent.evaluation.perplexity.map((row) => ({ ...row, ...nothing })) }),
    ],
    ["training", unconverted],
    ["training", { ...fullContent, conversion: { ...fullContent.conversion, stages: [] } }],
    ["state", stateless],
    ["settings", unexplained],
  ])("%s is left out where it is absent", (name, content) => {
    expect(sectionsOf(reportPage(content))).toEqual(sectionsOf(page).filter((id) => id !== name));
  });

  test("are none where nothing was measured", () => {
    const bare = reportPage({ evaluation: empty });
    expect(sectionsOf(bare)).toEqual([]);
    expect(bare).toContain("Measured without a teacher");
  });
});

describe("figures", () => {
  test("are in the tables beside the plots", () => {
    const numbers = ["18.43", "1.078", "–*", "1106", "0.5120 ± 0.022", "14042", "87.9 %", "0.625", "0.570", "0.01250"];
    const others = ["256–1023 tokens back", "depth 50 %", "4–15 examples", "3.27M", "1659", "21.3 %", "45.0 MiB"];
    expect([...numbers, ...others].filter((text) => !page.includes(`>${text}</td>`))).toEqual([]);
  });

  test("that matter most are at the top", () => {
    const top = page.slice(0, page.indexOf("<main>"));
    for (const fact of ["3.36M tokens", "1 h 12 min", "3.26 GiB", "8.58 MiB + 1.00 KiB per token", "apache-2.0"])
      expect(top).toContain(`<dd>${fact}</dd>`);
  });

  test("that were not measured leave no column, and no strange number", () => {
    expect(page).not.toMatch(/NaN|Infinity|undefined|null/);
    const plain = reportPage({
      evaluation: { ...empty, perplexity: [{ length: 512, tokens: 511, ...none, model: 20 }] },
    });
    expect(plain).not.toContain("window only</th>");
    expect(plain).not.toContain("<svg");
    expect(plain).not.toMatch(/NaN|Infinity|undefined|null/);
  });

  test("of a broken model, which are null, leave the page whole", () => {
    const broken = withEvaluation({
      perplexity: fullContent.evaluation.perplexity.map((row) => ({ ...row, model: null, ratio: null })),
      layer_errors: [null, null],
      linear_shares: [0, 0],
      linear_share: 0,
    });
    const html = reportPage(broken);
    expect(html).not.toMatch(/NaN|Infinity|undefined|null/);
    expect(sectionsOf(html)).toEqual(sectionsOf(page));
  });
});

const none = {
  ...{ model: null, teacher: null, window_only: null, linear_only: null, neither: null, ratio: null },
  beyond_teacher_context: false,
};

describe("the page", () => {
  test("loads nothing: no script, no address but the paper's", () => {
    expect(page).not.toMatch(/<(script|link|iframe|object|embed|img|base)\b|\bsrc=|url\(|@import|\bon\w+=/i);
    const addresses = [...page.matchAll(/(?:href|action|data|xlink:href)="([^"#][^"]*)"/g)].map(
      ([, address]) => address,
    );
    expect(addresses).toEqual(["https://arxiv.org/abs/2410.10254"]);
    expect(page.match(/https?:/g)).toHaveLength(1);
  });

  test("is the same for the same content, also after its way through JSON", () => {
    expect(reportPage(JSON.parse(JSON.stringify(fullContent)))).toBe(page);
  });

  test("is well-formed", () => {
    const open: string[] = [];
    const body = page.replace(/<style>.*?<\/style>/s, "");
    for (const [, slash, name = "", closed] of body.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
      if (slash === "/") expect(open.pop()).toBe(name);
      else if (closed !== "/" && name !== "meta") open.push(name);
    }
    expect(open).toEqual([]);
  });

  test("has a label for every plot, and names every table's rows and columns", () => {
    const plots = page.match(/<svg/g) ?? [];
    expect(plots.length).toBeGreaterThan(8);
    expect(page.match(/<svg [^>]*role="img" aria-label="[^"]+"/g)).toHaveLength(plots.length);
    const tables = page.match(/<table>/g) ?? [];
    expect(page.match(/<table>\n<caption>[^<]+<\/caption>\n<thead><tr><th scope="col"/g)).toHaveLength(tables.length);
  });

  test("keeps its structure whatever the texts are", () => {
    const hostile = `"><script>alert('1')</script><img src=x onerror="alert(2)">&amp;</style></title><!--`;
    const everywhere = (text: string) =>
      reportPage(withTexts(fullContent, (own) => (own.startsWith("https:") ? own : text)));
    const [attacked, harmless] = [everywhere(hostile), everywhere("x".repeat(hostile.length))];
    expect(structureOf(attacked)).toEqual(structureOf(harmless));
    expect(attacked).not.toMatch(/<script|<img|<!--/);
    expect(attacked).toContain("&lt;script&gt;");
    expect(attacked.match(/<\/style>/g)).toHaveLength(1);
  });

  test.each(["javascript:alert(1)", "data:text/html,x", ' https://x" onclick="y'])("links no paper at %s", (paper) => {
    const html = reportPage({ ...fullContent, settings: { ...fullContent.settings, paper } });
    expect(html).not.toMatch(/href="(?!#)/);
  });
});

describe("curves", () => {
  test("of many points are thinned, and keep their last one", () => {
    const [, points = ""] =
      /<polyline class="line colour-0" points="([^"]+)"/.exec(page.slice(page.indexOf('id="training"'))) ?? [];
    const all = points.split(" ");
    expect(all.length).toBeLessThanOrEqual(200);
    expect(all.length).toBeGreaterThan(100);
    // The line's name is led to from its last point.
    const [x = "", y = ""] = all.at(-1)?.split(",") ?? [];
    expect(page).toContain(`<polyline class="leader" points="${Number((Number(x) + 5).toFixed(1))},${y} `);
  });
});
