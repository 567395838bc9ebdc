"""Held-out loss of the peer's attention transfer by tokens and seconds of training, as JSON lines.

usage: transfer_loss.py PEERS_FOLDER MODEL_FOLDER TOKENS THREADS TEST_TEXT TRAIN_TEXT...

Trains as the peer's own script does (length 512, two sequences a step, bfloat16 with float32 master weights, rate 1e-2, clipping
at 1). The held-out loss is the mean over layers of the unscaled squared error on the first 40,960 tokens of TEST_TEXT in windows of
512, with the learned parameters in a float32 copy of the model: bfloat16's rounding would only raise it.
"""

import json
import sys
import time

import torch
from transformers import AutoTokenizer, LlamaForCausalLM

peers, folder, tokens, threads, test_file, *train_files = sys.argv[1:]
sys.path.insert(0, peers)
from lolcats_torch import chunked, convert, stage  # noqa: E402

LENGTH, BATCH, HELD_OUT = 512, 2, 40960
torch.set_num_threads(int(threads))
torch.manual_seed(0)
tokenizer = AutoTokenizer.from_pretrained(folder)


def windows(path: str) -> torch.Tensor:
    ids = tokenizer(open(path).read()).input_ids
    return torch.tensor(ids[: len(ids) // LENGTH * LENGTH]).view(-1, LENGTH)


def open_model(dtype: torch.dtype):
    model = LlamaForCausalLM.from_pretrained(folder, dtype=dtype)
    mixers = convert(model, dtype, chunked)
    return model, mixers, stage(mixers, "transfer")


model, mixers, parameters = open_model(torch.bfloat16)
judge, judge_mixers, judge_parameters = open_model(torch.float32)
train = torch.cat([windows(path) for path in train_files])
train = train[torch.randperm(len(train))]
test = windows(test_file)[: HELD_OUT // LENGTH]


def held_out() -> float:
    with torch.no_grad():
        for copy, original in zip(judge_parameters, master):
            copy.copy_(original)
        total = 0.0
        for window in test:
            judge.model(window[None])
            total += sum(mixer.loss.item() for mixer in judge_mixers) / len(judge_mixers)
    return total / len(test)


master = [parameter.detach().float().clone().requires_grad_() for parameter in parameters]
optimizer = torch.optim.AdamW(master, lr=1e-2, weight_decay=0.0)
steps = int(tokens) // (LENGTH * BATCH)
seconds = 0.0
for step in range(steps):
    began = time.time()
    first = step * BATCH % (len(train) - BATCH)
    model.model(train[first : first + BATCH])
    loss = 1000 * sum(mixer.loss for mixer in mixers) / len(mixers)
    loss.backward()
    for copy, parameter in zip(master, parameters):
        copy.grad = parameter.grad.float()
        parameter.grad = None
    torch.nn.utils.clip_grad_norm_(master, 1.0)
    optimizer.step()
    for copy, parameter in zip(master, parameters):
        parameter.data.copy_(copy.data)
    seconds += time.time() - began
    if (step + 1) % 100 == 0 or step + 1 == steps:
        print(
            json.dumps(
                {"tokens": (step + 1) * BATCH * LENGTH, "seconds": seconds, "train": loss.item(), "held_out": held_out()}
            ),
            flush=True,
        )
