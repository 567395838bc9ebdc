/** Passages of English in which random facts are planted and told again, or asked, much later: nothing but memory predicts them. */
import type { Random } from "./random.ts";
import { drawMark, drawName, drawNumber, drawSubject, drawWord, type Share } from "./words.ts";

/** Sentences in the order of their book; filler between planted facts is a run of them. */
export type Filler = readonly string[];

/** One value that the text has told before. Offsets are bytes (the texts are ASCII). */
export interface Recall {
  /** Where the value begins in the text. */
  readonly at: number;
  readonly answer: string;
  /** Bytes from the end of the value's first mention to this one's begin. */
  readonly gap: number;
  /** How often the value was told before this mention. */
  readonly mentions: number;
}

/** A generated text with the places where it asks for what it told. */
export interface FactPassage {
  readonly text: string;
  readonly recalls: readonly Recall[];
}

/** How a kind of fact is drawn, planted and told again; `{s}` is the subject, `{v}` the value. */
interface Relation {
  readonly subject: (random: Random) => string;
  readonly value: (random: Random) => string;
  readonly plants: readonly string[];
  readonly asks: readonly string[];
}

interface Fact {
  readonly relation: Relation;
  readonly subject: string;
  readonly value: string;
  told: { end: number; mentions: number } | undefined;
}

/** The value follows its subject at once, and two capitals tell subjects apart: a match of three bytes finds the fact. */
const RELATIONS: readonly Relation[] = [
  {
    subject: drawMark,
    value: drawNumber,
    plants: ["The box was marked {s}-{v}.", "He had a room at {s}-{v}.", "They took the wagon {s}-{v}."],
    asks: ["Once more he asked for {s}-{v}.", "The same mark again: {s}-{v}.", "So they came back to {s}-{v}."],
  },
  {
    subject: drawMark,
    value: drawWord,
    plants: ["The password was {s}-{v}.", "I was told to say {s}-{v}.", "She whispered {s}-{v}."],
    asks: ["Do not forget: {s}-{v}.", "And he answered {s}-{v}.", "The old man said {s}-{v}."],
  },
  {
    subject: drawMark,
    value: drawName,
    plants: [
      "There came one {s}-{v}.",
      "In those days the ship {s}-{v} was at sea.",
      "A letter from {s}-{v} was read.",
    ],
    asks: ["Who was it? It was {s}-{v}.", "Then spoke {s}-{v}.", "All this was told to {s}-{v}."],
  },
];

const LIST_HEADS = ["The ledger reads:", "The register shows:", "On the board was written:", "The list was this:"];
const LIST_AGAIN = ["The ledger once more:", "From the register:", "Read from the board:", "The list again:"];
const ROLL_HEADS = ["The roll was called:", "The watch counted:", "They sang out:", "The clerk read aloud:"];
const QUOTE_HEADS = ["The notice read:", "The letter said:", "On the wall stood:", "The old song went:"];
const QUOTE_AGAIN = ["The notice, once more:", "Again the letter said:", "They read aloud:", "And again the song:"];

/** How a passage is built. */
export interface PassageOptions {
  /** The exact length of the text in bytes; the last sentence may be cut off. */
  readonly bytes: number;
  /** About how many bytes an episode (facts planted, then asked) takes: it bounds the gaps. */
  readonly episodeBytes: number;
  /** Which combinations of words the subjects may use. */
  readonly share: Share;
  /** The share of episodes that are roll calls: the densest repetition, from which copying is learned first. */
  readonly rollShare: number;
}

/** Builds a text piece by piece and keeps account of what was told where. */
class Writer {
  text = "";
  readonly recalls: Recall[] = [];
  readonly random: Random;
  readonly filler: Filler;
  private sentence: number;

  constructor(random: Random, filler: Filler) {
    this.random = random;
    this.filler = filler;
    this.sentence = random.integer(0, filler.length - 1);
  }

  /** Appends a piece after a space, or after a line break where the text ends with one. */
  add(piece: string): void {
    this.text += this.text === "" || this.text.endsWith("\n") ? piece : ` ${piece}`;
  }

  /** The next sentence of the book that this text takes its filler from, of those with at most `most` bytes. */
  nextSentence(most: number): string {
    for (let tries = 0; ; tries++) {
      this.sentence = (this.sentence + 1) % this.filler.length;
      const sentence = this.filler[this.sentence] ?? "";
      if (sentence.length <= most) return sentence;
      if (tries > 50) return sentence.slice(0, most);
    }
  }

  /** Appends filler, in sentences of at most `most` bytes, until the text has grown to `length` bytes. */
  fillTo(length: number, most: number): void {
    while (this.text.length < length) this.add(this.nextSentence(most));
  }

  /** Appends a template with the fact in it, and records the value if it was told before. */
  tell(fact: Fact, template: string): void {
    const upToValue = template.slice(0, template.indexOf("{v}")).replaceAll("{s}", fact.subject);
    this.add(upToValue);
    const at = this.text.length;
    if (fact.told !== undefined) {
      const { end, mentions } = fact.told;
      this.recalls.push({ at, answer: fact.value, gap: at - end, mentions });
    }
    fact.told = { end: fact.told?.end ?? at + fact.value.length, mentions: (fact.told?.mentions ?? 0) + 1 };
    this.text += fact.value + template.slice(template.indexOf("{v}") + 3);
  }
}

function drawFacts(random: Random, share: Share, count: number, relation?: Relation): Fact[] {
  const facts: Fact[] = [];
  while (facts.length < count) {
    const kind = relation ?? random.pick(RELATIONS);
    const subject = drawSubject(kind.subject, random, share);
    if (facts.some((fact) => fact.subject === subject)) continue;
    facts.push({ relation: kind, subject, value: kind.value(random), told: undefined });
  }
  return facts;
}

/** The longest filler sentence that an episode of this many bytes has room for. */
function longestFiller(bytes: number): number {
  return Math.max(40, Math.floor(bytes * 0.3));
}

/** Facts planted between sentences of a book, more of the book, then the facts asked in another order. */
function tellFacts(writer: Writer, bytes: number, share: Share): void {
  const { random } = writer;
  const most = longestFiller(bytes);
  const start = writer.text.length;
  const atMost = Math.max(1, Math.min(4, Math.floor(bytes / 110)));
  const facts = drawFacts(random, share, random.integer(Math.min(2, atMost), atMost));
  for (const fact of facts) {
    writer.tell(fact, random.pick(fact.relation.plants));
    if (random.uniform() < 0.3) writer.add(writer.nextSentence(most));
  }
  writer.fillTo(start + bytes * (0.35 + 0.25 * random.uniform()), most);
  while (writer.text.length < start + bytes) {
    for (const fact of random.shuffled(facts)) {
      if (writer.text.length > start + bytes) break;
      writer.tell(fact, random.pick(fact.relation.asks));
      if (random.uniform() < 0.25) writer.add(writer.nextSentence(most));
    }
  }
}

/** A list of keys and values, sentences of a book, and the list's rows again in another order. */
function tellList(writer: Writer, bytes: number, share: Share): void {
  const { random } = writer;
  const most = longestFiller(bytes);
  const start = writer.text.length;
  const relation = random.pick(RELATIONS);
  const atMost = Math.max(2, Math.min(6, Math.floor(bytes / 70)));
  const facts = drawFacts(random, share, random.integer(Math.min(3, atMost), atMost), relation);
  writer.add(`${random.pick(LIST_HEADS)}\n`);
  for (const fact of facts) writer.tell(fact, "{s}-{v}\n");
  writer.fillTo(start + bytes * (0.45 + 0.25 * random.uniform()), most);
  writer.add(`${random.pick(LIST_AGAIN)}\n`);
  for (const fact of random.shuffled(facts)) writer.tell(fact, "{s}-{v}\n");
}

/** A few sentences quoted, other sentences, and the same quoted again word for word. */
function tellQuotation(writer: Writer, bytes: number): void {
  const { random } = writer;
  const most = longestFiller(bytes);
  const start = writer.text.length;
  let quoted = writer.nextSentence(most);
  while (quoted.length < bytes * 0.15) quoted += ` ${writer.nextSentence(most)}`;
  const draw = random.integer(0, QUOTE_HEADS.length - 1);
  writer.add(`${QUOTE_HEADS[draw]} "${quoted}"`);
  writer.fillTo(start + bytes * (0.45 + 0.25 * random.uniform()), most);
  writer.add(`${QUOTE_AGAIN[draw]} "${quoted}"`);
}

/** A few made-up names, words and numbers called over and over, each round in another order. */
function tellRoll(writer: Writer, bytes: number): void {
  const { random } = writer;
  const start = writer.text.length;
  const draw = (): string => random.pick([drawWord, drawName, drawNumber])(random);
  const paired = random.uniform() < 0.4;
  const called = Array.from({ length: random.integer(2, paired ? 4 : 6) }, () =>
    paired ? `${drawMark(random)}-${draw()}` : draw(),
  );
  const rounds: string[] = [];
  writer.add(random.pick(ROLL_HEADS));
  do rounds.push(...random.shuffled(called));
  while (writer.text.length + rounds.join(", ").length < start + bytes * 0.85);
  writer.add(`${rounds.join(", ")}.\n`);
}

/** One passage of exactly `bytes` bytes; the same draws give the same passage. */
export function factPassage(random: Random, filler: Filler, options: PassageOptions): FactPassage {
  const writer = new Writer(random, filler);
  while (writer.text.length < options.bytes) {
    const bytes = Math.min(options.episodeBytes, Math.max(96, options.bytes - writer.text.length));
    const kind = random.uniform();
    if (random.uniform() < options.rollShare) tellRoll(writer, Math.min(bytes, 320));
    else if (kind < 0.5) tellFacts(writer, bytes, options.share);
    else if (kind < 0.75) tellList(writer, bytes, options.share);
    else tellQuotation(writer, bytes);
  }
  const text = writer.text.slice(0, options.bytes);
  return { text, recalls: writer.recalls.filter(({ at, answer }) => at + answer.length <= options.bytes) };
}
