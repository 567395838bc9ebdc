/** SentencePiece's BPE kind (scores instead of merges, byte fallback) as the values of a `tokenizer.json`. */
import { addedToken, bpeModel } from "./bytes.ts";
import { beginningAndEnd } from "./template.ts";

/** What a SentencePiece vocabulary says, from wherever it is read. */
export interface PieceVocabulary {
  /** Pieces by id, spaces spelled `▁`, bytes `<0x0A>`. */
  readonly pieces: readonly string[];
  /** A piece of higher score is merged first. */
  readonly scores: ArrayLike<number>;
  /** Ids that stand for no text. */
  readonly control: readonly number[];
  /** Ids that are taken out of the text before anything is merged. */
  readonly userDefined: readonly number[];
  readonly unknown: number | undefined;
  /** Ids put before and after a sequence. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** A space is put in front of the text. */
  readonly addSpacePrefix: boolean;
}

/** `tokenizer.json` for a SentencePiece vocabulary, as transformers converts it. */
export function sentencePieceJson(vocabulary: PieceVocabulary): Record<string, unknown> {
  const { pieces, control, userDefined, addSpacePrefix } = vocabulary;
  const unknown = vocabulary.unknown === undefined ? null : (pieces[vocabulary.unknown] ?? null);
  const vocab = Object.fromEntries(pieces.map((piece, id) => [piece, id]));
  const special = [...new Set([...control, ...(vocabulary.unknown === undefined ? [] : [vocabulary.unknown])])];
  const added = [
    ...special.map((id) => addedToken(pieces[id] ?? "", id)),
    ...userDefined.map((id) => addedToken(pieces[id] ?? "", id, false)),
  ].sort((a, b) => Number(a.id) - Number(b.id));
  const replace = { type: "Replace", pattern: { String: " " }, content: "▁" };
  const restore = { type: "Replace", pattern: { String: "▁" }, content: " " };
  const strip = { type: "Strip", content: " ", start: 1, stop: 0 };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: {
      type: "Sequence",
      normalizers: addSpacePrefix ? [{ type: "Prepend", prepend: "▁" }, replace] : [replace],
    },
    pre_tokenizer: null,
    post_processor: beginningAndEnd(pieces, vocabulary.before, vocabulary.after),
    decoder: {
      type: "Sequence",
      decoders: [restore, { type: "ByteFallback" }, { type: "Fuse" }, ...(addSpacePrefix ? [strip] : [])],
    },
    model: bpeModel(vocab, mergesByScore(vocabulary), {
      unk_token: unknown,
      fuse_unk: true,
      byte_fallback: Object.hasOwn(vocab, "<0x00>"),
    }),
  };
}

/** All ways to put a piece together from two others, the pieces of highest score first. */
function mergesByScore({ pieces, scores, control, unknown }: PieceVocabulary): [string, string][] {
  const excluded = new Set([...control, ...(unknown === undefined ? [] : [unknown])]);
  const ids = new Map<string, number>();
  pieces.forEach((piece, id) => {
    if (!excluded.has(id)) ids.set(piece, id);
  });
  const merges: { left: string; right: string; leftId: number; rightId: number; score: number }[] = [];
  for (const [piece, id] of ids) {
    for (let at = 1; at < piece.length; at++) {
      const [left, right] = [piece.slice(0, at), piece.slice(at)];
      const [leftId, rightId] = [ids.get(left), ids.get(right)];
      if (leftId === undefined || rightId === undefined) continue;
      merges.push({ left, right, leftId, rightId, score: scores[id] ?? 0 });
    }
  }
  merges.sort((a, b) => b.score - a.score || a.leftId - b.leftId || a.rightId - b.rightId);
  return merges.map(({ left, right }) => [left, right]);
}
