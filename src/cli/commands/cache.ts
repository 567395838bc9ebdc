/** `subquad cache`: what downloads occupy, and removing them. */
import type { Command } from "commander";
import type { CachedRepository } from "../../formats/hub/cache.ts";
import { bytes } from "../../units.ts";
import { UsageError } from "../errors.ts";
import { describedCommand, option } from "../help.ts";
import { jsonOption } from "../options.ts";
import { table } from "../output.ts";
import type { Session } from "../session.ts";

interface CleanFlags {
  readonly json?: boolean;
  readonly all?: boolean;
}

/** The group of commands. */
export function cacheCommand(session: Session): Command {
  return describedCommand({
    name: "cache",
    summary: "list and remove downloaded models",
    description:
      "Works on the cache that is shared with Python's huggingface_hub (HF_HUB_CACHE, HF_HOME): models only, nothing else in it.",
    examples: [
      { command: "subquad cache list", meaning: "what is there, and how big it is" },
      { command: "subquad cache clean HuggingFaceTB/SmolLM2-135M", meaning: "remove one model" },
    ],
  })
    .addCommand(listCommand(session))
    .addCommand(cleanCommand(session));
}

function listCommand(session: Session): Command {
  return describedCommand({
    name: "list",
    summary: "list downloaded models",
    description: "Lists the models in the cache with their revisions and sizes.",
    examples: [{ command: "subquad cache list --json", meaning: "as JSON" }],
  })
    .addOption(jsonOption())
    .action(async (flags: { json?: boolean }) => {
      const { listCached } = await import("../../formats/hub/cache.ts");
      session.write(flags.json, await listCached(), cacheText);
    });
}

function cleanCommand(session: Session): Command {
  return describedCommand({
    name: "clean",
    summary: "remove downloaded models",
    description:
      "Removes a model, one revision of it, or with --all every model from the cache, for Python tools as well.",
    examples: [
      { command: "subquad cache clean HuggingFaceTB/SmolLM2-135M@main", meaning: "one revision" },
      { command: "subquad cache clean --all", meaning: "every model" },
    ],
  })
    .argument("[model...]", "org/name or org/name@revision")
    .addOption(option("--all", "remove every model"))
    .addOption(jsonOption())
    .action(async (models: string[], flags: CleanFlags) => {
      if (models.length > 0 === (flags.all === true)) {
        throw new UsageError("say what to remove: either models (subquad cache list shows them) or --all");
      }
      const { listCached, removeCached } = await import("../../formats/hub/cache.ts");
      const wanted = flags.all === true ? (await listCached()).map(({ repository }) => repository) : models;
      const removed: { model: string; bytes: number }[] = [];
      for (const model of wanted) {
        const [repository = "", revision] = model.split("@");
        removed.push({ model, bytes: await removeCached(repository, revision) });
      }
      session.write(flags.json, removed, (rows) =>
        rows.length === 0
          ? "nothing to remove"
          : rows.map((row) => `${row.model}: ${bytes(row.bytes)} freed`).join("\n"),
      );
    });
}

function cacheText(repositories: readonly CachedRepository[]): string {
  if (repositories.length === 0) return "no models in the cache";
  return table(
    [{ heading: "model" }, { heading: "revisions" }, { heading: "size", align: "right" }, { heading: "folder" }],
    repositories.map(({ repository, revisions, bytes: size, folder }) => [
      repository,
      revisions.map(({ commit, references }) => references.join(", ") || commit.slice(0, 8)).join("; "),
      bytes(size),
      folder,
    ]),
  );
}
