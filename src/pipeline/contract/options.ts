/** The options of every verb, parsed: numbers are numbers, lists are lists, and nothing is left to be read from the environment. */

/** Options of every verb that opens a model. */
export interface CommonOptions {
  /** Threads of the engine; where absent, as many as the process may use. */
  readonly threads?: number | undefined;
  /** A `tokenizer.json`, a llama2.c tokenizer or a folder that holds one; where absent, the model's own. */
  readonly tokenizer?: string | undefined;
  /** A YAML file that describes the family of a folder; where absent, it is known by its `model_type`. */
  readonly family?: string | undefined;
}

/** Options of every verb that trains by a recipe: numbers override those of all its stages. */
export interface TrainingOptions extends CommonOptions {
  /** Text files or folders of them to train on; absent: the built-in texts, or those that the recipe names. */
  readonly text?: readonly string[] | undefined;
  /** Length of a training sequence in tokens. */
  readonly length?: number | undefined;
  /** Sequences per forward pass. */
  readonly batch?: number | undefined;
  /** Settings `key.path=value` on top of the recipe, in order. */
  readonly set?: readonly string[] | undefined;
  readonly seed?: number | undefined;
}

/**
 * `linearize`: a teacher in, a linear-time model out.
 *
 * The numbers below override those of the recipe; `set` overrides any key of it and is overridden by them.
 */
export interface LinearizeOptions extends TrainingOptions {
  /** A folder in Hugging Face layout, a `.gguf`, a llama2.c `.bin` or `org/name[@revision]`; absent: the built-in model. */
  readonly model?: string | undefined;
  /** The name of a built-in recipe or the path of a YAML file. */
  readonly recipe: string;
  /** Tokens of all stages together, in the recipe's own proportions; not beside the three below. */
  readonly budget?: number | undefined;
  /** Tokens of each stage. */
  readonly tokens?: number | undefined;
  /** Tokens of the attention transfer, instead of `tokens`. */
  readonly transferTokens?: number | undefined;
  /** Tokens of the finetuning, instead of `tokens`. */
  readonly finetuneTokens?: number | undefined;
  /** The folder to write; checkpoints lie below it while the work goes on. */
  readonly output: string;
  /** Go on from the checkpoint in `output`. */
  readonly resume?: boolean | undefined;
}

/** `evaluate`: perplexity by length, task scores and ablations. */
export interface EvaluateOptions extends CommonOptions {
  readonly model: string;
  /** The teacher to compare with. */
  readonly against?: string | undefined;
  /** The text to measure on; absent: the held-out end of the built-in texts. */
  readonly text?: string | undefined;
  /** Window lengths of the perplexity protocol, in tokens; an empty list leaves perplexity out. */
  readonly lengths?: readonly number[] | undefined;
  /** Tokens of the text that are used, the same for all lengths. */
  readonly maxTokens: number;
  /** Tasks by the stems of their files below `taskData`, or by the names of folders there. */
  readonly tasks?: readonly string[] | undefined;
  /** The folder of task files. */
  readonly taskData?: string | undefined;
  /** Rows of each task, and of each part of one; absent: all. */
  readonly limit?: number | undefined;
  /** A JSON file to write the task scores to, as lm-evaluation-harness writes its results. */
  readonly lmEvalJson?: string | undefined;
  /** Probes of in-context recall by name, or `all`. */
  readonly recall?: readonly string[] | undefined;
  /** JSONL files of questions, asked beside the probes. */
  readonly recallData?: readonly string[] | undefined;
  /** Lengths of the probes, in tokens. */
  readonly recallLengths?: readonly number[] | undefined;
  /** Sequences of each probe and length. */
  readonly recallSamples?: number | undefined;
  /** The training length whose multiples the needle is measured at, instead of `recallLengths`. */
  readonly needleLength?: number | undefined;
  /** Seed of the probes. */
  readonly seed?: number | undefined;
  /** Also measure window only, linear only and neither. */
  readonly ablations: boolean;
  /** An HTML file to write the report to. */
  readonly report?: string | undefined;
}

/** How the next token is chosen. */
export interface SamplingOptions {
  /** 0 takes the likeliest token. */
  readonly temperature: number;
  /** Sample from the likeliest tokens that together have this probability; 1: from all. */
  readonly topP: number;
  readonly seed: number;
}

/** `generate`: text after a prompt, without a chat template. At most one of `prompt` and `ids`; neither only with `loadState`. */
export interface GenerateOptions extends CommonOptions, SamplingOptions {
  readonly model: string;
  readonly prompt?: string | undefined;
  readonly ids?: readonly number[] | undefined;
  readonly maxTokens: number;
  /** Go on after the end-of-text token. */
  readonly ignoreEos: boolean;
  /** A state file to start from. */
  readonly loadState?: string | undefined;
  /** The file to write the state after the last token to. */
  readonly saveState?: string | undefined;
  /** Called with each piece of new text as soon as it is sure. */
  readonly onText?: ((piece: string) => void) | undefined;
}

/** `logits`: the likeliest next tokens. Exactly one of `prompt` and `ids`. */
export interface LogitsOptions extends CommonOptions {
  readonly model: string;
  readonly prompt?: string | undefined;
  readonly ids?: readonly number[] | undefined;
  /** How many of the likeliest tokens to return. */
  readonly top: number;
}

/** `inspect`: what a model is, and what it or its conversion would need. */
export interface InspectOptions extends CommonOptions {
  readonly model: string;
  /** The recipe whose memory to estimate; absent: as the model stands, or the default recipe for training memory. */
  readonly recipe?: string | undefined;
  readonly length?: number | undefined;
  readonly batch?: number | undefined;
}

/** `pretrain`: a small model from nothing. */
export interface PretrainOptions extends TrainingOptions {
  readonly recipe: string;
  readonly tokens?: number | undefined;
  readonly output: string;
  readonly resume?: boolean | undefined;
}

/** `chat`: a conversation with the model's chat template. */
export interface ChatOptions extends CommonOptions, SamplingOptions {
  readonly model: string;
  /** The system message. */
  readonly system?: string | undefined;
  /** The most tokens of one reply. */
  readonly maxTokens: number;
  /** A conversation's state to go on from. */
  readonly loadState?: string | undefined;
}

/** `bench`: speed and memory of prefill and decoding. */
export interface BenchOptions extends CommonOptions {
  readonly model: string;
  /** Prompt lengths to measure at, in tokens. */
  readonly lengths: readonly number[];
  /** Tokens to decode after each prompt. */
  readonly decodeTokens: number;
  /** Repetitions; the median is reported. */
  readonly repeat: number;
}
