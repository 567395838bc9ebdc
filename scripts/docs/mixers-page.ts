/** docs/mixers.md, written from the presets, the axes' schemas and a few words about each axis. */

import { stateText } from "../../src/cli/reports/mixers.ts";
import { mixerSpec } from "../../src/mixers/index.ts";
import type { MixersListDocument, MixersShowDocument } from "../../src/pipeline/contract.ts";
import { listMixers, showMixer } from "../../src/pipeline/mixers.ts";
import { keyRows } from "../../src/recipes/index.ts";
import { code, markdownTable, page } from "./markdown.ts";

const INTRODUCTION = `# Token mixers

*Written by \`npm run docs\` from the presets: change those, not this page.*

A token mixer is the part of a transformer's layer in which tokens meet. Softmax attention is one: it keeps the keys and values of all earlier
tokens, so its cost grows with their number. The others here keep a state of fixed size instead. Each token changes it, and each query reads
it. That takes linear time, and memory that does not grow, but the state must choose what to forget. How it does so is what tells the
published methods apart.

In this project a mixer is a value, a point in one space of axes. A published method is a preset: a name for such a point. A recipe takes any
point ([adding a method](adding-a-method.md)), and \`subquad mixers show NAME\` prints what a preset needs for your sizes.

## The axes

A mixer has a **window**, a **state**, or both.

- A window is softmax attention over some keys: all of them, or the newest ones only. It is exact, and it ends. First tokens may stay
  visible (**sinks**), and scores may fade with the tokens in between (**decay**).
- A state is a matrix per head. In its simplest form, each token adds the product of its key and its value: S ← S + kᵀ v. A query reads it as
  o = q S, which is what attention would give if the weight of a key were the plain product q · k.
- A **feature map** φ is put on queries and keys so that φ(q) · φ(k) comes closer to what softmax gives, above all by being positive.
- A **decay** multiplies the state before each token, so that old tokens fade: by a constant, by a number per head made of the token, or by one
  for each row of the matrix.
- A **write** says how a token enters. The delta rule first removes what the state returns for the token's key, so that a key's value is
  replaced and not added to.
- With both branches, **read** says whether the state holds all tokens or only those that have left the window, **normalize** what the sums
  are divided by, and **mix** how much each branch weighs.
- Before them there may be a short convolution, and after them a norm and a gate.

What one token costs depends on the axes too. Chunks of tokens are computed by matrix products, and the state is carried from chunk to chunk: that
is the \`chunked\` form, for training and for reading a prompt. \`step\` takes one token, for decoding. \`parallel\` compares every query with
every key, and is there to check the others. \`fused\` is an operator of the engine, where it has one.`;

/** What each axis decides, in a line. */
const meanings: Readonly<Record<string, string>> = {
  causal: "whether a query reads only what came no later; encoders read both ways",
  derived: "what queries and keys are made of where a block projects none: the filtered values (Mamba)",
  cap: "cap c of the window's scores, c · tanh(score / c)",
  "state.per": "one state per query head, or one for all heads that share a key",
  rope: "where queries and keys are rotated by their positions: before both branches, in one of them, after the feature map, nowhere",
  convolution: "a short causal filter on queries, keys or values",
  window:
    "the keys that meet exact softmax weights: all, the newest, neighbouring blocks, every n-th, a disc on a grid, chosen blocks, or the newest and older ones that are worth most",
  scale: "factor of the window's scores; without it dim^−½",
  "state.featureMap": "φ, under which the state's kernel is an inner product",
  "state.scale": "factor of the queries' features: a number, or dim^−½",
  "state.decay": "how the state forgets, and what the rate is made of",
  "state.write": "how a token changes the state",
  "state.read": "which tokens the state holds when a query reads it",
  "state.skip": "what a token adds to its own output beside the state",
  normalize: "what weighted sums are divided by: nothing, each its own sum of weights, or one sum for both branches",
  mix: "how window and state are weighed",
  local: "a short convolution of the values, added to the output",
  outputNorm: "a norm of the heads' outputs",
  outputGate: "a gate on the outputs, made of the stream",
};

/** The sizes of the page's figures: states are given per head. */
const sizes = { heads: 1, dim: 64, length: 1024 };

const context = {
  reporter: { stage: () => ({ update: () => {}, end: () => {} }), note: () => {}, warn: () => {} },
  signal: new AbortController().signal,
};

/** The whole page. */
export async function mixersPage(): Promise<string> {
  const { mixers } = await listMixers(sizes, context);
  const described = await Promise.all(mixers.map(({ name }) => showMixer({ ...sizes, name }, context)));
  return page(
    INTRODUCTION,
    axisTable(),
    "## Presets",
    `States are those of one sequence, in float32, per head of ${sizes.dim} dimensions. A preset has a golden file where results of published code are compared with it (\`subquad mixers check\`). \`subquad bench mixers\` measures their time and memory on your machine.`,
    presetTable(mixers),
    ...described.map(section),
  );
}

function axisTable(): string {
  const rows = keyRows(mixerSpec);
  const kindsOf = new Map(rows.map(({ path, type }) => [path, type]));
  const axes = rows.filter(({ path }) => path !== "state" && /^(state\.)?\w+$/.test(path) && !isOption(path, kindsOf));
  return markdownTable(
    ["axis", "values", "what it decides"],
    axes.map(({ path, type }) => [
      code(path),
      (kindsOf.get(`${path}.kind`) ?? type).replaceAll(" | ", ", "),
      meanings[path] ?? "",
    ]),
  );
}

/** Whether a path is an option of a kind, or the choice of the kind itself, and no axis. */
function isOption(path: string, known: ReadonlyMap<string, string>): boolean {
  const above = path.split(".").slice(0, -1).join(".");
  return above !== "" && above !== "state" && known.has(above);
}

function presetTable(mixers: MixersListDocument["mixers"]): string {
  return markdownTable(
    ["preset", "what", "paper", "state", "forms", "golden"],
    mixers.map(({ name, title, paper, forms, goldens, ...size }) => [
      `[${name}](#${name})`,
      title,
      paperLinks(paper),
      stateText(size),
      forms.join(", "),
      goldens ? "yes" : "–",
    ]),
  );
}

/** `arXiv 2210.10340, 2307.14995` with a link for each number. */
function paperLinks(paper: string): string {
  return paper.replaceAll(/\b\d{4}\.\d{5}\b/g, (number) => `[${number}](https://arxiv.org/abs/${number})`);
}

function section(mixer: MixersShowDocument): string {
  const { name, title, paper, equation, axes, forms, parameters, state, oracles } = mixer;
  const missing = forms.flatMap(({ form, reason }) => (reason === null ? [] : [`No \`${form}\`: ${reason}.`]));
  const available = forms.flatMap(({ form, available: has }) => (has ? [code(form)] : []));
  const learned = parameters.map((parameter) => `${code(parameter.name)} [${parameter.shape.join(", ")}]`);
  const carried = state.flatMap(({ name: tensor, shape }) =>
    tensor === "seen" ? [] : [`${code(tensor)} [${shape.join(", ")}]`],
  );
  return page(
    `### ${name}`,
    `${title}, ${paperLinks(paper)}.`,
    `\`\`\`text\n${equation}\n\`\`\``,
    markdownTable(
      ["axis", "value"],
      axes.map(({ axis, value }) => [code(axis), value]),
    ),
    [
      `- Forms: ${available.join(", ")}. ${missing.join(" ")}`.trimEnd(),
      carried.length === 0
        ? "- State: none."
        : `- State: ${[...(carried.length === 0 ? [] : [`${carried.join(", ")};`]), stateText(mixer)].join(" ")}.`,
      ...(learned.length === 0 ? [] : [`- Learned: ${learned.join(", ")}.`]),
      ...(oracles.length === 0 ? [] : [`- Compared with: ${oracleTexts(oracles)}.`]),
    ].join("\n"),
  ).trimEnd();
}

function oracleTexts(oracles: MixersShowDocument["oracles"]): string {
  const texts = oracles.map(({ function: name, part, float32, because }) => {
    const notes = [
      ...(part === null ? [] : [`${part} only`]),
      ...(because === null ? [] : [`float32 to ${float32}: ${because}`]),
    ];
    return `${code(name)}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`;
  });
  return [...new Set(texts)].join(", ");
}
