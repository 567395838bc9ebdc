/** The post-processor that puts fixed tokens around a sequence. */

/** A `TemplateProcessing` step with these ids before and after the text, or null where there are none. */
export function beginningAndEnd(
  tokens: readonly string[],
  before: readonly number[],
  after: readonly number[],
): Record<string, unknown> | null {
  if (before.length + after.length === 0) return null;
  const special = (id: number, type: number): object => ({ SpecialToken: { id: tokens[id] ?? "", type_id: type } });
  const sequence = (name: string, type: number): object[] => [
    ...before.map((id) => special(id, type)),
    { Sequence: { id: name, type_id: type } },
    ...after.map((id) => special(id, type)),
  ];
  const entries = [...before, ...after].map((id) => {
    const token = tokens[id] ?? "";
    return [token, { id: token, ids: [id], tokens: [token] }] as const;
  });
  return {
    type: "TemplateProcessing",
    single: sequence("A", 0),
    pair: [...sequence("A", 0), ...sequence("B", 1)],
    special_tokens: Object.fromEntries(entries),
  };
}
