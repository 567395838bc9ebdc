/**
 * The law on imports: each room of `src/` lists the rooms it may know (docs/architecture.md).
 * Every room may use the types of `graph` and `formats`.
 */
const neighbours = {
  graph: [],
  runtime: ["graph"],
  formats: [],
  families: ["graph", "mixers"],
  mixers: ["graph"],
  model: ["graph", "families", "mixers"],
  recipes: [],
  training: ["model", "runtime", "formats"],
  inference: ["model", "runtime", "formats"],
  evaluation: ["inference"],
  export: ["model", "formats"],
  pipeline: ["training", "inference", "evaluation", "export", "recipes"],
};
const typesForAll = ["graph", "formats"];

/** A room may know its neighbours and whatever they know. */
const closure = (room) => [...new Set(neighbours[room].flatMap((next) => [next, ...closure(next)]))];
const mayKnow = Object.fromEntries(Object.keys(neighbours).map((room) => [room, closure(room)]));

const roomLaws = Object.entries(mayKnow).flatMap(([room, known]) => {
  const allowed = [room, ...known].join("|");
  const typed = [...new Set([room, ...known, ...typesForAll])].join("|");
  return [
    {
      name: `${room}-imports-one-way`,
      severity: "error",
      from: { path: `^src/${room}/` },
      to: { path: "^src/[^/]+/", pathNot: `^src/(${allowed})/`, dependencyTypesNot: ["type-only"] },
    },
    {
      name: `${room}-types-one-way`,
      severity: "error",
      from: { path: `^src/${room}/` },
      to: { path: "^src/[^/]+/", pathNot: `^src/(${typed})/` },
    },
  ];
});

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-internal-import-from-the-barrel",
      severity: "error",
      from: { path: "^src/[^/]+/" },
      to: { path: "^src/index\\.ts$" },
    },
    {
      name: "onnxruntime-only-in-runtime",
      comment: "the rest of the code knows no onnxruntime type, so that a browser backend fits",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/runtime/" },
      to: { path: "onnxruntime" },
    },
    ...roomLaws,
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"] },
  },
};
