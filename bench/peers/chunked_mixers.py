"""Speed of the chunked GLA and the chunked gated delta rule in PyTorch on a CPU, as one JSON line; `--check` tests them instead.

Recurrences (`[batch, heads, length, dim]`, state S [key dim, value dim], zero at first, output s q_t S_t with s = key dim^-1/2):
GLA, a gate per key channel:     S_t = diag(e^g_t) S_(t-1) + k_t^T v_t
gated delta, a gate per token:   S~ = e^g_t S_(t-1),  S_t = S~ + beta_t k_t^T (v_t - k_t S~)

Both keep what PyTorch does best on a CPU: chunk-local work is batched over all chunks and heads, a Python loop passes only the state,
and the backward is written by hand. `--mode best` times the eager and the compiled functions and reports the faster.
"""

import os
import sys

# Freed memory kept in huge pages: PyTorch's allocator otherwise returns large tensors to the kernel, and page faults double the time.
TUNABLES = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=8589934592:glibc.malloc.top_pad=268435456"
if __name__ == "__main__" and os.environ.get("GLIBC_TUNABLES") != TUNABLES:
    os.environ["GLIBC_TUNABLES"] = TUNABLES
    os.execv(sys.executable, [sys.executable, *sys.argv])

import argparse  # noqa: E402
import json  # noqa: E402
import statistics  # noqa: E402
import time  # noqa: E402

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

LEAF = 8  # rows of the blocks that forward substitution inverts; products merge them
NARROW = 2  # rows of the blocks too small for a matrix product


def halves(x: torch.Tensor, rows: int):
    """The first and the second `rows` rows of each pair of blocks, as views `[pairs, rows, dim]`."""
    return x.view(-1, 2, rows, x.shape[-1]).unbind(1)


def lower_blocks(x: torch.Tensor, rows: int) -> torch.Tensor:
    """The lower left `[rows, rows]` quarter of each diagonal block of `2 rows`, as a view `[chunks, blocks, rows, rows]`."""
    chunks, size, _ = x.shape
    count = size // (2 * rows)
    blocks = x.view(chunks, count, 2 * rows, count, 2 * rows).diagonal(dim1=1, dim2=3)
    return blocks.permute(0, 3, 1, 2)[:, :, rows:, :rows]


def gla_local(q, k, v, g, keep: bool):
    """What a chunk of GLA knows without a state, for `[chunks, chunk, dim]`.

    P_ij = sum_d q_id k_jd e^(G_id - G_jd) by halving: a block's second half against its first, with the last row of the first half as
    the reference, so both exponents are at most 0. The exponents need no cumulative sum: a level's decays are products of the last.
    `x` ends as q e^G, `y` as k e^(G_C - G) and `decay` as e^G_C. `keep` saves each level's halves for the backward.
    """
    chunks, size, dim = q.shape
    dtype = v.dtype
    step = g.exp()
    scores = v.new_zeros(chunks, size, size)
    scores.diagonal(dim1=1, dim2=2).copy_((q.float() * k).sum(-1))
    x, y, decay = q * step, k.to(torch.float32, copy=True), step
    levels, rows = [], 1
    while rows < size:
        first, second = halves(y, rows)[0], halves(x, rows)[1]
        before, after = decay.view(-1, 2, 1, dim).unbind(1)
        target = lower_blocks(scores, rows)
        columns, lines = first.to(dtype, copy=keep), second.to(dtype, copy=keep)
        if rows <= NARROW:
            block = (second[:, :, None] * first[:, None]).sum(-1)
        else:
            block = torch.bmm(lines, columns.transpose(1, 2))
        target.copy_(block.view(target.shape))
        if keep:
            levels.append((lines, columns, before, after))
        second.mul_(before)
        first.mul_(after)
        decay = before[:, 0] * after[:, 0]
        rows *= 2
    x, y = x.to(dtype), y.to(dtype)
    return step, scores, x, y, decay[..., None], torch.bmm(y.transpose(1, 2), v), torch.bmm(scores, v), levels


def gla_local_gradients(d_o, q, k, v, step, scores, x, y, decay, states, d_states, levels):
    """Gradients of q, k, v and g in a chunk: the products above reversed, and dG = q dq - k dk in place of the gates' own."""
    chunks, size, dim = q.shape
    dtype = v.dtype
    d_last = d_states.to(dtype)
    d_v = torch.baddbmm(torch.bmm(y, d_last), scores.transpose(1, 2), d_o)
    d_scores = torch.bmm(d_o, v.transpose(1, 2))
    d_x = torch.bmm(d_o, states.to(dtype).transpose(1, 2)).float()
    d_y = torch.bmm(v, d_last.transpose(1, 2)).float()
    last = (d_y * y).sum(1) + decay[..., 0] * (states * d_states).sum(-1)
    rows = size // 2
    for lines, columns, before, after in reversed(levels):
        d_first, d_second = halves(d_y, rows)[0], halves(d_x, rows)[1]
        block = lower_blocks(d_scores, rows).reshape(-1, rows, rows)
        d_second.mul_(before)
        d_first.mul_(after)
        if rows == 1:
            d_second.addcmul_(block, columns)
            d_first.addcmul_(block, lines)
        elif rows <= NARROW:
            d_second.add_((block[..., None] * columns[:, None]).sum(2))
            d_first.add_((block[..., None] * lines[:, :, None]).sum(1))
        else:
            d_second.add_(torch.bmm(block, columns))
            d_first.add_(torch.bmm(block.transpose(1, 2), lines))
        rows //= 2
    diagonal = d_scores.diagonal(dim1=1, dim2=2)[..., None]
    d_q = d_x.mul_(step).addcmul_(diagonal, k)
    d_k = d_y.addcmul_(diagonal, q)
    return d_q.to(dtype), d_k.to(dtype), d_v, gate_gradient(q * d_q - k * d_k, last)


def gate_gradient(d_sum: torch.Tensor, last: torch.Tensor) -> torch.Tensor:
    """The gradient of the gates from that of their inclusive sums in a chunk, `last` being more of its last row."""
    total = d_sum.cumsum(1)
    return d_sum.sub_(total).add_(total[:, -1:] + last[:, None])


def inverse(a: torch.Tensor) -> torch.Tensor:
    """(I + A)^-1 of strictly lower A `[chunks, chunk, chunk]`: forward substitution in `LEAF` rows, merged by -T22 A21 T11."""
    chunks, size, _ = a.shape
    leaf = min(LEAF, size)
    count = size // leaf
    blocks = a.view(chunks, count, leaf, count, leaf).diagonal(dim1=1, dim2=3).permute(1, 2, 0, 3).reshape(leaf, leaf, -1)
    lines = torch.zeros_like(blocks)
    lines.diagonal(dim1=0, dim2=1).fill_(1)
    for i in range(1, leaf):
        lines[i, :i] = -(blocks[i, :i, None] * lines[:i, :i]).sum(0)
    result, rows = lines.permute(2, 0, 1).contiguous(), leaf
    while rows < size:
        first, second = result.view(-1, 2, rows, rows).unbind(1)
        low = lower_blocks(a, rows).reshape(-1, rows, rows)
        low = -torch.bmm(second, torch.bmm(low, first))
        result = torch.cat([torch.cat([first, torch.zeros_like(low)], 2), torch.cat([low, second], 2)], 1)
        rows *= 2
    return result


def delta_local(q, k, v, g, beta):
    """What a chunk of the gated delta rule knows without a state, for `[chunks, chunk, dim]`: the WY form.

    With E_ij = e^(G_i - G_j) and T = (I + tril_-1(k k^T E beta_j))^-1 the values less what the state predicts are Y = U - W S with
    W = T (k e^G), U = T v; the strengths stand at the columns. Then O = tril(q k^T E beta_j) Y + q e^G S, and the next state is
    e^G_C S + k'^T Y with k' = beta e^(G_C - G) k. W is given negated.
    """
    dtype = v.dtype
    sums = g.cumsum(1)
    decay = (sums[:, :, None] - sums[:, None]).clamp(max=0).exp().tril()
    keys, queries = torch.bmm(k, k.transpose(1, 2)), torch.bmm(q, k.transpose(1, 2))
    written = decay * beta[:, None]
    solve = inverse((keys * written).tril(-1)).to(dtype)
    scores = (queries * written).to(dtype)
    start, end = sums.exp(), (sums[:, -1:] - sums).exp()
    x = (q * start[..., None]).to(dtype)
    y = (k * (end * beta)[..., None]).to(dtype)
    w = torch.bmm(solve, (k * -start[..., None]).to(dtype))
    return decay, keys, queries, start, end, solve, scores, x, y, w, torch.bmm(solve, v)


def delta_local_gradients(d_o, d_errors, q, k, beta, decay, keys, queries, start, end, solve, errors, states, d_states):
    """Gradients of q, k, v, g and beta in a chunk; the gates' from q dq + k (dk as a row - dk as a column)."""
    dtype = q.dtype
    before, d_after, across = states.to(dtype).transpose(1, 2), d_states.to(dtype), errors.transpose(1, 2)
    d_v = torch.bmm(solve.transpose(1, 2), d_errors)
    d_a, d_scores = -torch.bmm(d_v, across).float().tril(-1), torch.bmm(d_o, across).float()
    written = decay * beta[:, None]
    d_keys, d_queries = (d_a * written).to(dtype), (d_scores * written).to(dtype)
    d_q = torch.bmm(d_queries, k) + start[..., None] * torch.bmm(d_o, before)
    row = torch.bmm(d_keys, k) - start[..., None] * torch.bmm(d_v, before)
    end_k = end[..., None] * torch.bmm(errors, d_after.transpose(1, 2))
    state_k = end_k * beta[..., None]
    column = torch.bmm(d_keys.transpose(1, 2), k) + torch.bmm(d_queries.transpose(1, 2), q) + state_k
    d_beta = ((d_a * keys + d_scores * queries) * decay).sum(1) + (end_k * k).sum(-1)
    last = (k * state_k).sum((1, 2)) + start[:, -1] * (states * d_states).sum((1, 2))
    d_g = gate_gradient((q * d_q + k * (row - column)).sum(-1), last)
    return d_q.to(dtype), (row + column).to(dtype), d_v, d_g, d_beta


ready = {}  # compiled functions by the function, where the compiled mode runs


def run(function, *args):
    """Calls a chunk-local function, or what it was compiled to."""
    return ready.get(function, function)(*args)


def by_chunk(x: torch.Tensor, heads: int) -> torch.Tensor:
    """`[heads x chunks, ...]` to a copy `[chunks, heads, ...]`, whose every chunk is contiguous."""
    return x.view(heads, -1, *x.shape[1:]).transpose(0, 1).contiguous()


def by_head(x: torch.Tensor) -> torch.Tensor:
    """`[chunks, heads, ...]` to `[heads x chunks, ...]`."""
    return x.transpose(0, 1).flatten(0, 1)


class Gla(torch.autograd.Function):
    """GLA of `[heads x chunks, chunk, dim]`; `heads` is batch times heads."""

    @staticmethod
    def forward(ctx, q, k, v, g, heads):
        keep = any(ctx.needs_input_grad)
        step, scores, x, y, decay, update, within, levels = run(gla_local, q, k, v, g, keep)
        update, factors = update.unflatten(0, (heads, -1)), decay.unflatten(0, (heads, -1))
        states = torch.empty(update.shape)
        states[:, 0] = 0
        for n in range(states.shape[1] - 1):
            torch.addcmul(update[:, n].float(), states[:, n], factors[:, n], out=states[:, n + 1])
        states = states.flatten(0, 1)
        if keep:
            ctx.saved = q, k, v, step, scores, x, y, decay, states, levels
            ctx.heads = heads
        return torch.baddbmm(within, x, states.to(x.dtype))

    @staticmethod
    def backward(ctx, d_o):
        q, k, v, step, scores, x, y, decay, states, levels = ctx.saved
        read = torch.bmm(x.transpose(1, 2), d_o).unflatten(0, (ctx.heads, -1))
        factors = decay.unflatten(0, (ctx.heads, -1))
        d_states = torch.empty(read.shape)
        d_states[:, -1] = 0
        for n in range(read.shape[1] - 1, 0, -1):
            torch.addcmul(read[:, n].float(), d_states[:, n], factors[:, n], out=d_states[:, n - 1])
        d_states = d_states.flatten(0, 1)
        return *run(gla_local_gradients, d_o, q, k, v, step, scores, x, y, decay, states, d_states, levels), None


def pass_parts(start, read, write, heads):
    """The whole chunks' decays and the two factors of the state's pass by head and chunk, for either direction."""
    return start[:, -1, None, None].unflatten(0, (heads, -1)), read.unflatten(0, (heads, -1)), write.unflatten(0, (heads, -1))


class GatedDelta(torch.autograd.Function):
    """The gated delta rule of `[heads x chunks, chunk, dim]`, gates and strengths `[heads x chunks, chunk]`."""

    @staticmethod
    def forward(ctx, q, k, v, g, beta, heads):
        decay, keys, queries, start, end, solve, scores, x, y, w, u = run(delta_local, q, k, v, g, beta)
        factors, read, write = pass_parts(start, w, y.transpose(1, 2), heads)
        errors = by_chunk(u, heads)
        states = torch.zeros(len(errors), heads, k.shape[-1], v.shape[-1])
        for n in range(len(errors)):
            errors[n].baddbmm_(read[:, n], states[n].to(q.dtype))
            if n + 1 < len(errors):
                update = torch.bmm(write[:, n], errors[n]).float()
                torch.addcmul(update, states[n], factors[:, n], out=states[n + 1])
        errors, states = by_head(errors), by_head(states)
        if any(ctx.needs_input_grad):
            ctx.saved = q, k, beta, decay, keys, queries, start, end, solve, errors, states
            ctx.passed = scores, x, y, w, heads
        return torch.baddbmm(torch.bmm(scores, errors), x, states.to(q.dtype))

    @staticmethod
    def backward(ctx, d_o):
        start = ctx.saved[6]
        scores, x, y, w, heads = ctx.passed
        factors, read, write = pass_parts(start, y, w.transpose(1, 2), heads)
        d_errors = by_chunk(torch.bmm(scores.transpose(1, 2), d_o), heads)
        base = torch.bmm(x.transpose(1, 2), d_o).unflatten(0, (heads, -1))
        d_states = torch.zeros(len(d_errors), heads, *base.shape[2:])
        for n in range(len(d_errors) - 1, -1, -1):
            d_errors[n].baddbmm_(read[:, n], d_states[n].to(d_o.dtype))
            if n > 0:
                update = torch.baddbmm(base[:, n], write[:, n], d_errors[n]).float()
                torch.addcmul(update, d_states[n], factors[:, n], out=d_states[n - 1])
        return *run(delta_local_gradients, d_o, by_head(d_errors), *ctx.saved, by_head(d_states)), None


def chunked(function, arguments, chunk):
    """Runs a mixer on `[batch, heads, length, ...]` arguments split in chunks, the last padded with zeros (no gate, no key)."""
    batch, heads, length = arguments[0].shape[:3]
    pad = -length % chunk
    split = []
    for x in arguments:
        if pad:
            x = F.pad(x, (0, 0) * (x.dim() - 3) + (0, pad))
        split.append(x.reshape(-1, chunk, *x.shape[3:]))
    split[0] = split[0] * arguments[0].shape[-1] ** -0.5
    output = function.apply(*split, batch * heads)
    return output.view(batch, heads, length + pad, -1)[:, :, :length]


def gla(q, k, v, g, chunk):
    """Gated linear attention of q, k `[batch, heads, length, key dim]`, v `[..., value dim]`, log gates g like k (float32)."""
    return chunked(Gla, (q, k, v, g), chunk)


def gated_delta(q, k, v, g, beta, chunk):
    """The gated delta rule: as `gla`, with a log gate and a strength per token, g and beta `[batch, heads, length]` (float32)."""
    return chunked(GatedDelta, (q, k, v, g, beta), chunk)


MIXERS = {"gla": gla, "gated-delta": gated_delta}
LOCAL = (gla_local, gla_local_gradients, delta_local, delta_local_gradients)


def use(mode: str) -> None:
    """Makes the chunk-local functions eager or compiled (by the first call, which needs a C++ compiler)."""
    ready.clear()
    if mode == "compile":
        torch._dynamo.config.recompile_limit = 64
        ready.update({function: torch.compile(function, dynamic=False, fullgraph=True) for function in LOCAL})


def fastest_products() -> str:
    """Lets oneDNN multiply in float32 where it stays exact: the default, MKL, is slower on processors that are not Intel's."""
    a, b = torch.randn(8, 64, 64), torch.randn(8, 64, 64)
    torch.set_float32_matmul_precision("medium")
    if (torch.bmm(a, b) - torch.bmm(a.double(), b.double())).abs().max() < 1e-4:
        return "oneDNN"
    torch.set_float32_matmul_precision("highest")
    return "MKL"


def inputs(mixer: str, batch: int, heads: int, length: int, dim: int, value_dim: int, strength: float = 1 / 16):
    """Random q, k, v, g (and beta), and the weight of the outputs; gates are `strength` times the logarithm of a sigmoid."""
    shape = (batch, heads, length)
    q, k, v, weight = (torch.randn(*shape, size) for size in (dim, dim, value_dim, value_dim))
    if mixer == "gla":
        return [q, k, v, F.logsigmoid(torch.randn(*shape, dim)) * strength], weight
    q, k = F.normalize(q, dim=-1), F.normalize(k, dim=-1)
    return [q, k, v, F.logsigmoid(torch.randn(shape)) * strength, torch.randn(shape).sigmoid()], weight


def leaves(arguments, dtype):
    """Copies that take gradients: q, k, v in `dtype`, gates and strengths as they are."""
    return [x.to(dtype if i < 3 else x.dtype, copy=True).requires_grad_() for i, x in enumerate(arguments)]


def recurrence(q, k, v, g, beta=None):
    """Either mixer token by token, as the formulas above say."""
    state = q.new_zeros(*q.shape[:2], q.shape[-1], v.shape[-1])
    outputs = []
    for t in range(q.shape[2]):
        key, value, gate = k[:, :, t, :, None], v[:, :, t, None], g[:, :, t].exp()
        state = state * (gate[..., None] if beta is None else gate[..., None, None])
        if beta is not None:
            value = beta[:, :, t, None, None] * (value - key.transpose(2, 3) @ state)
        state = state + key * value
        outputs.append(q[:, :, t, None] @ state * q.shape[-1] ** -0.5)
    return torch.cat(outputs, 2)


def check(mode: str) -> None:
    """Compares outputs and gradients with the recurrence in float64; ends with status 1 where one is off."""
    wrong = False
    use(mode)
    for mixer, function in MIXERS.items():
        for length, chunk, strength in ((200, 64, 1 / 16), (200, 32, 8.0), (129, 128, 1.0)):
            arguments, weight = inputs(mixer, 1, 2, length, 64, 32, strength)
            for dtype, tolerance in ((torch.float32, 1e-4), (torch.bfloat16, 3e-2)):
                given = leaves(arguments, dtype)
                exact = [x.detach().double().requires_grad_() for x in given]
                expected = recurrence(*exact)
                output = function(*given, chunk)
                pairs = [(output, expected)]
                pairs += zip(
                    torch.autograd.grad(output, given, weight.to(dtype)),
                    torch.autograd.grad(expected, exact, weight.to(dtype).double()),
                )
                errors = [((x - y).abs().max() / y.abs().max()).item() for x, y in pairs]
                good = all(error < tolerance for error in errors)
                wrong = wrong or not good
                row = {"mixer": mixer, "mode": mode, "dtype": str(dtype), "length": length, "chunk": chunk, "strength": strength}
                print(json.dumps({**row, "good": good, "errors": [f"{error:.1e}" for error in errors]}), flush=True)
    if wrong:
        sys.exit(1)


def median_ms(function, repeats: int) -> float:
    """The median milliseconds of a call, after three that warm up."""
    seconds = []
    for _ in range(repeats + 3):
        began = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[3:]) * 1e3


def measure(options, mode: str):
    """Milliseconds of the forward alone, without gradients, and of forward and backward."""
    use(mode)
    dtype = getattr(torch, options.dtype)
    arguments, weight = inputs(options.mixer, options.batch, options.heads, options.length, options.dim, options.value_dim)
    given, weight, function = leaves(arguments, dtype), weight.to(dtype), MIXERS[options.mixer]
    with torch.no_grad():
        forward = median_ms(lambda: function(*given, options.chunk), options.repeats)
    both = median_ms(lambda: torch.autograd.grad(function(*given, options.chunk), given, weight), options.repeats)
    return {"forward_ms": round(forward, 2), "forward_backward_ms": round(both, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mixer", choices=MIXERS, default="gla")
    for name, default in (("length", 2048), ("heads", 8), ("dim", 64), ("value-dim", 64), ("batch", 1), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--chunk", type=int, choices=(16, 32, 64, 128, 256), default=64)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--mode", choices=("eager", "compile", "best"), default="best")
    parser.add_argument("--check", action="store_true", help="compare with the recurrence in float64")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    products = fastest_products()
    modes = ("eager", "compile") if options.mode == "best" else (options.mode,)
    if options.check:
        for mode in modes:
            check(mode)
        return
    times = {}
    for mode in modes:
        try:
            times[mode] = measure(options, mode)
        except torch._dynamo.exc.TorchDynamoException as error:
            if len(modes) == 1:
                raise
            print(f"cannot compile, so eager alone is timed: {error}", file=sys.stderr)
    best = {name: min(row[name] for row in times.values()) for name in ("forward_ms", "forward_backward_ms")}
    settings = {name: value for name, value in vars(options).items() if name != "check"}
    print(json.dumps({**settings, **best, "modes": times, "float32_products": products, "torch": torch.__version__}))


if __name__ == "__main__":
    main()
