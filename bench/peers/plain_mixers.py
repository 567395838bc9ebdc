"""Speed of chunked GLA and of the chunked gated delta rule in PyTorch as one would write them: eager, differentiated by autograd.

The formulas are those of chunked_mixers.py, whose backward is written by hand; this file shows what that is worth. Chunk-local work is
batched over all chunks, a Python loop passes the state, masks come before exponentials, GLA meets half with half. One JSON line.
"""

import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F

ROWS = 8


def chunks(x, size):
    """`[batch, heads, length, ...]` as `[batch, heads, chunks, size, ...]`."""
    return x.unflatten(2, (-1, size))


def carry(decay, transition, written):
    """States before each chunk: S' = decay * S + transition S + written, `[batch, heads, chunks, key dim, value dim]`."""
    state, states = torch.zeros_like(written[:, :, 0]), []
    for n in range(written.shape[2]):
        states.append(state)
        passed = decay[:, :, n] * state
        if transition is not None:
            passed = passed + transition[:, :, n] @ state
        state = passed + written[:, :, n]
    return torch.stack(states, 2)


def pairs(q, k, total):
    """sum_d q_id k_jd e^(G_id - G_jd) for j <= i in a chunk: blocks of `ROWS` relative to their middle, then halves relative to the row between."""
    dtype, chunk = q.dtype, q.shape[3]
    blocks = [x.unflatten(3, (-1, ROWS)) for x in (q, k, total)]
    fade = (blocks[2] - blocks[2][..., ROWS // 2 - 1 : ROWS // 2, :]).exp()
    scores = ((blocks[0] * fade).to(dtype) @ (blocks[1] / fade).to(dtype).transpose(-1, -2)).tril()
    size = ROWS
    while size < chunk:
        (_, later), (sooner, _), (first, second) = (x.unflatten(3, (-1, 2, size)).unbind(4) for x in (q, k, total))
        border = first[..., -1:, :]
        across = (later * (second - border).exp()).to(dtype) @ (sooner * (border - first).exp()).to(dtype).transpose(-1, -2)
        upper, lower = scores.unflatten(3, (-1, 2)).unbind(4)
        scores = torch.cat([F.pad(upper, (0, size)), torch.cat([across, lower], -1)], -2)
        size *= 2
    return scores.squeeze(3)


def gla(q, k, v, g, chunk):
    """Gated linear attention: S_t = diag(e^g_t) S_(t-1) + k_t^T v_t, o_t = s q_t S_t."""
    dtype, scale = v.dtype, q.shape[-1] ** -0.5
    q, k, v, g = (chunks(x, chunk) for x in (q * scale, k, v, g))
    total = g.cumsum(3)
    last = total[:, :, :, -1:]
    written = (k * (last - total).exp()).to(dtype).transpose(-1, -2) @ v
    states = carry(last.exp().transpose(-1, -2), None, written.float())
    far = (q * total.exp()).to(dtype) @ states.to(dtype)
    return (pairs(q, k, total) @ v + far).flatten(2, 3)


def gated_delta(q, k, v, g, beta, chunk):
    """The gated delta rule in the WY form: S~ = e^g_t S_(t-1), S_t = S~ + beta_t k_t^T (v_t - k_t S~), o_t = s q_t S_t."""
    dtype, scale = v.dtype, q.shape[-1] ** -0.5
    q, k, v, g, beta = (chunks(x, chunk) for x in (q * scale, k, v, g, beta))
    total = g.cumsum(3)
    lower = torch.ones(chunk, chunk, dtype=torch.bool).tril()
    fade = (total[..., :, None] - total[..., None, :]).masked_fill(~lower, -torch.inf).exp()
    erase = k * beta[..., None].to(dtype)
    system = ((erase @ k.transpose(-1, -2)).float() * fade).tril(-1) + torch.eye(chunk)
    start, end = total.exp()[..., None], (total[..., -1:] - total).exp()[..., None]
    right = torch.cat([erase * start, v * beta[..., None]], -1).float()
    solved = torch.linalg.solve_triangular(system, right, upper=False, unitriangular=True).to(dtype)
    of_state, own = solved.split([k.shape[-1], v.shape[-1]], -1)
    keys = (k * end).to(dtype).transpose(-1, -2)
    decay = total[..., -1, None, None].exp()
    states = carry(decay, -(keys @ of_state).float(), (keys @ own).float()).to(dtype)
    reads = ((q @ k.transpose(-1, -2)).float() * fade).to(dtype)
    return ((q * start).to(dtype) @ states + reads @ (own - of_state @ states)).flatten(2, 3)


def median_ms(function, repeats):
    """The median milliseconds of a call, after three that warm up."""
    times = []
    for _ in range(repeats + 3):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return round(statistics.median(times[3:]) * 1e3, 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mixer", choices=("gla", "gated-delta"), default="gla")
    for name, default in (("length", 2048), ("heads", 8), ("dim", 64), ("value-dim", 64), ("threads", 2), ("chunk", 64), ("repeats", 20)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    dtype, shape = getattr(torch, options.dtype), (1, options.heads, options.length)
    q, k = (F.normalize(torch.randn(*shape, options.dim), dim=-1).to(dtype) for _ in range(2))
    v, weight = (torch.randn(*shape, options.value_dim).to(dtype) for _ in range(2))
    gates = [-0.1 * torch.rand(*shape, options.dim)] if options.mixer == "gla" else [-0.1 * torch.rand(shape), torch.rand(shape)]
    given = [x.requires_grad_() for x in (q, k, v, *gates)]
    function = gla if options.mixer == "gla" else gated_delta
    with torch.no_grad():
        forward = median_ms(lambda: function(*given, options.chunk), options.repeats)
    both = median_ms(lambda: torch.autograd.grad(function(*given, options.chunk), given, weight), options.repeats)
    print(json.dumps({**vars(options), "forward_ms": forward, "forward_backward_ms": both}))


if __name__ == "__main__":
    main()
