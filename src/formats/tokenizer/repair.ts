/** Steps that the library's JavaScript reads otherwise than the original are rewritten into ones it reads the same. */
import { byteLevelStep, DIGIT, DIGITS, GPT2, splitStep } from "./patterns.ts";
import { type Step, stepsOf, type TokenizerConfigJson, type TokenizerJson } from "./schema.ts";

/**
 * `ByteLevel`'s and `Digits`' own expressions take JavaScript's `\s` and `\d`, which differ from Unicode's white space
 * (U+0085, U+FEFF) and numbers (²,  Ⅷ, ٣); as `Split` steps they are translated faithfully.
 */
export function repairPreTokenizer(step: Step | null): Step | null {
  const steps = stepsOf(step).flatMap((each) => {
    if (each.type === "Digits") return [splitStep(each.individual_digits === true ? DIGIT : DIGITS)];
    // A space put in front of each part cannot be told from one step: there the original stays.
    if (each.type !== "ByteLevel" || each.use_regex === false || each.add_prefix_space === true) return [each];
    return [splitStep(GPT2), byteLevelStep()];
  });
  const [only] = steps;
  if (only === undefined) return null;
  return steps.length === 1 ? only : { type: "Sequence", pretokenizers: steps };
}

/** Added tokens that older repositories list in `tokenizer_config.json` alone. */
export function withConfigTokens(tokenizer: TokenizerJson, config: TokenizerConfigJson): TokenizerJson {
  const known = new Set(tokenizer.added_tokens.map(({ id }) => id));
  const extra = Object.entries(config.added_tokens_decoder ?? {}).flatMap(([id, token]) =>
    known.has(Number(id)) || !/^\d+$/.test(id)
      ? []
      : [
          {
            ...token,
            id: Number(id),
            special: token.special === true,
            lstrip: token.lstrip === true,
            rstrip: token.rstrip === true,
          },
        ],
  );
  return extra.length === 0 ? tokenizer : { ...tokenizer, added_tokens: [...tokenizer.added_tokens, ...extra] };
}
