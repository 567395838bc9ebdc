import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FormatError, SubquadError } from "../../src/errors.ts";
import { packageRoot } from "../../src/package-root.ts";
import { recordingVerbs, stoppedVerb, subquad } from "./harness.ts";

describe("usage errors end with 2 and say what is accepted", () => {
  test.each([
    [["linearise"], "Did you mean linearize"],
    [["linearize", "a", "b"], "too many arguments"],
    [["linearize", "--token", "5"], "Did you mean --tokens"],
    [["linearize", "--tokens", "many"], "for instance 4096, 300k or 1M"],
    [["linearize", "--tokens", "0"], "above zero"],
    [["linearize", "--budget", "1M", "--tokens", "1k"], "cannot be used with option '--tokens <n>'"],
    [["linearize", "--budget", "1M", "--transfer-tokens", "0"], "cannot be used with option '--transfer-tokens <n>'"],
    [["linearize", "--budget", "1M", "--finetune-tokens", "1k"], "cannot be used with option '--finetune-tokens <n>'"],
    [["linearize", "--batch", "0"], "Write a whole number from 1 to 65536."],
    [["evaluate"], "missing required argument 'model'"],
    [["evaluate", "m", "--lengths", "512,,2k"], "none of them empty"],
    [["generate", "m"], "nothing to begin with"],
    [["generate", "m", "--prompt", "a", "--ids", "1"], "exclude each other"],
    [["generate", "m", "--ids", "1,x"], '"x" is none'],
    [["generate", "m", "--prompt", "a", "--temperature", "-1"], "Write a number from 0 to 100."],
    [["logits", "m", "--ids", ""], "at least one token id"],
    [["cache", "clean"], "say what to remove"],
    [["recipes", "show"], "missing required argument"],
    [[], "Usage: subquad"],
  ] as const)("subquad %j", async (args, message) => {
    const { code, output, errors } = await subquad(args);
    expect(code).toBe(2);
    expect(errors).toContain(message);
    expect(output).toBe("");
  });
});

describe("failures", () => {
  const failing = (error: unknown) => ({ ...recordingVerbs().verbs, inspect: () => Promise.reject(error) });

  test("that are named end with 1 and their message alone", async () => {
    const verbs = failing(new FormatError("m/model.safetensors", "is truncated"));
    expect(await subquad(["inspect", "m", "--json"], { verbs })).toEqual({
      code: 1,
      output: "",
      errors: "error: m/model.safetensors: is truncated\n",
    });
  });

  test("with SUBQUAD_DEBUG show where they came from, causes included", async () => {
    const verbs = failing(new SubquadError("outer", { cause: new TypeError("inner") }));
    const { code, errors } = await subquad(["inspect", "m"], { verbs, variables: { SUBQUAD_DEBUG: "1" } });
    expect(code).toBe(1);
    expect(errors).toMatch(/^error: outer\n.*SubquadError: outer\n.* at .*caused by TypeError: inner\n.* at /s);
  });

  test("of the system come with what to do", async () => {
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    const { code, errors } = await subquad(["inspect", "m"], { verbs: failing(full) });
    expect(code).toBe(1);
    expect(errors).toContain("the disk is full; free some space and run again");
    expect(errors).not.toContain("report");
  });

  test("that nobody expected ask to be reported, without a stack", async () => {
    const { code, errors } = await subquad(["inspect", "m"], { verbs: failing(new TypeError("x is undefined")) });
    expect(code).toBe(1);
    expect(errors).toMatch(/^unexpected error: x is undefined\nThis is a fault of subquad: please report it/);
    expect(errors).not.toContain(" at ");
  });
});

describe("an interruption ends with 130", () => {
  test("and says how to go on where that is possible", async () => {
    const controller = new AbortController();
    const verbs = { ...recordingVerbs().verbs, linearize: stoppedVerb, evaluate: stoppedVerb };
    const running = subquad(["linearize", "m"], { verbs, signal: controller.signal });
    controller.abort();
    expect(await running).toEqual({
      code: 130,
      output: "",
      errors: "interrupted, resumable: run again with --resume\n",
    });
    expect(await subquad(["evaluate", "m"], { verbs, signal: controller.signal })).toMatchObject({
      code: 130,
      errors: "interrupted\n",
    });
  });

  test("unless the work was done all the same", async () => {
    const { code, output } = await subquad(["inspect", "m", "--json"], { signal: AbortSignal.abort() });
    expect(code).toBe(0);
    expect(JSON.parse(output)).toMatchObject({ family: "llama" });
  });
});

describe("the process", () => {
  const main = join(packageRoot(), "src", "cli", "main.ts");
  const node = ["--import", "tsx", main];

  function spawned(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
    return new Promise((resolve) => {
      execFile(process.execPath, [...node, ...args], { cwd: packageRoot() }, (error, output, errors) => {
        resolve({ code: typeof error?.code === "number" ? error.code : 0, output, errors });
      });
    });
  }

  test("prints results on stdout and ends with the run's code", async () => {
    const [shown, unknown, usage] = await Promise.all([
      spawned("recipes", "show", "lolcats", "--json"),
      spawned("recipes", "show", "lolcat"),
      spawned("recipes", "shove"),
    ]);
    expect(shown).toMatchObject({ code: 0, errors: "" });
    expect(JSON.parse(shown.output)).toMatchObject({ name: "lolcats" });
    expect(unknown).toEqual({
      code: 1,
      output: "",
      errors:
        "error: no recipe is called lolcat; did you mean lolcats? (a file's path ends in .yaml or contains a slash)\n",
    });
    expect(usage).toMatchObject({ code: 2, output: "" });
  });

  test("survives a reader that leaves early", async () => {
    const child = spawn(process.execPath, [...node, "recipes", "show", "lolcats", "--schema"], { cwd: packageRoot() });
    child.stdout.destroy();
    let errors = "";
    child.stderr.on("data", (piece) => {
      errors += piece;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
  });
});
