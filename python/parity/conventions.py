"""Checks that exports behave as PyTorch's users expect of optimizers and losses, beside computing the right numbers.

    cases/NAME/torch_export.py ──► every update rule: maximize, closure, groups, schedulers, hooks, checks, sparse gradients, copies
                                   every loss: reductions, class indices, checks

Where two ways must come to the same, they do so to the bit.
"""

import copy
import json
import math
import pickle
import sys
import traceback
from pathlib import Path

import torch

from parity import load

STEPS = 5


def own_class(module, base):
    found = (value for value in vars(module).values() if isinstance(value, type) and issubclass(value, base) and value is not base)
    return next(found)


def problem(seed=0):
    """Parameters of several shapes, and a loss of them that has no minimum at zero."""
    random = torch.Generator().manual_seed(seed)
    parameters = [torch.nn.Parameter(torch.randn(shape, generator=random)) for shape in [(3, 4), (5,), (2, 3, 2, 2)]]
    targets = [torch.randn(p.shape, generator=random) for p in parameters]

    def loss():
        return sum(((p - target) ** 2).sum() for p, target in zip(parameters, targets))

    return parameters, loss


def run(make, sign=1.0, closure=False, steps=STEPS):
    """Parameters after some steps of an optimizer on the problem, or on its negative."""
    parameters, loss = problem()
    optimizer = make(parameters)

    def evaluated():
        assert torch.is_grad_enabled()
        optimizer.zero_grad()
        value = sign * loss()
        value.backward()
        evaluated.calls += 1
        return value

    evaluated.calls = 0
    for step in range(steps):
        if closure:
            with torch.no_grad():
                returned = optimizer.step(evaluated)
            assert returned is not None and evaluated.calls == step + 1, "a closure is called once, and its loss returned"
        else:
            evaluated()
            assert optimizer.step() is None, "without a closure there is no loss"
    return parameters


def same(what, one, other):
    for p, q in zip(one, other, strict=True):
        assert torch.equal(torch.nan_to_num(p), torch.nan_to_num(q)), what


def differ(one, other):
    return any(not torch.equal(p, q) for p, q in zip(one, other, strict=True))


def refused(error, words, make):
    try:
        make()
    except error as found:
        assert all(word in str(found) for word in words), f"{found} does not say {words}"
    else:
        raise AssertionError(f"what should be refused as {words} is not")


def maximize(make, **_):
    down = run(make)
    up = run(lambda p: make(p, maximize=True), sign=-1.0)
    same("to maximize is to minimize the negative", down, up)


def closure(make, **_):
    same("a closure makes the same steps", run(make), run(make, closure=True))


def groups(make, settings, **_):
    """Each group steps by its own settings."""
    if "lr" not in settings:
        return
    parameters, loss = problem()
    rates = [0.5 * settings["lr"], 2.0 * settings["lr"], settings["lr"]]
    optimizer = make([{"params": [parameters[0]], "lr": rates[0]}, {"params": [parameters[1]], "lr": rates[1]}])
    optimizer.add_param_group({"params": [parameters[2]]})
    assert [group["lr"] for group in optimizer.param_groups] == rates
    others, other_loss = problem()
    alone = [make([p], lr=rate) for p, rate in zip(others, rates)]
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
        for one in alone:
            one.zero_grad()
        other_loss().backward()
        for one in alone:
            one.step()
    same("groups are as optimizers of their own", parameters, others)


def scheduler(make, settings, **_):
    if "lr" not in settings:
        return
    scheduled, loss = problem()
    optimizer = make(scheduled)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    by_hand, other_loss = problem()
    other = make(by_hand)
    for step in range(STEPS):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
        schedule.step()
        other.param_groups[0]["lr"] = settings["lr"] * 0.5**step
        other.zero_grad()
        other_loss().backward()
        other.step()
    same("PyTorch's schedulers set the learning rate", scheduled, by_hand)


def without_gradient(make, **_):
    parameters, _ = problem()
    before = [p.detach().clone() for p in parameters]
    optimizer = make(parameters)
    parameters[0].grad = torch.ones_like(parameters[0])
    optimizer.step()
    same("a parameter without a gradient stays as it is", parameters[1:], before[1:])
    assert parameters[1] not in optimizer.state, "and nothing is kept for it"


def checks(make, name, settings, **_):
    for setting in settings:
        for value in [math.nan, math.inf, "much", None]:
            refused(ValueError, [setting, repr(value)], lambda: make(problem()[0], **{setting: value}))
    if "lr" in settings:
        refused(ValueError, ["lr", "negative"], lambda: make(problem()[0], lr=-1.0))
        same("a learning rate may be a tensor", run(make), run(lambda p: make(p, lr=torch.tensor(settings["lr"]))))
    refused(ValueError, ["empty"], lambda: make([]))
    parameters, _ = problem()
    if settings:
        optimizer = make(parameters[:1])
        first = next(iter(settings))
        refused(ValueError, [first], lambda: optimizer.add_param_group({"params": parameters[1:], first: math.nan}))
        assert len(optimizer.param_groups) == 1, "a group that is refused is not there"
    optimizer = make(parameters)
    parameters[1].grad = torch.sparse_coo_tensor([[0]], [1.0], parameters[1].shape)
    refused(RuntimeError, [type(optimizer).__name__, "sparse"], optimizer.step)


def copies(make, **_):
    """What is read back goes on as the original does: by pickle, by copy, and by a state that older code saved."""
    parameters, loss = problem()
    optimizer = make(parameters)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    gradients = [p.grad for p in parameters]
    copied_parameters, copied = copy.deepcopy((parameters, optimizer))
    read = pickle.loads(pickle.dumps(optimizer))
    older = pickle.loads(pickle.dumps(optimizer))
    state = older.__getstate__()
    for group in state["param_groups"]:
        for flag in ("maximize", "foreach", "transposed"):
            group.pop(flag, None)
    older.__setstate__(state)
    own = [p for group in read.param_groups for p in group["params"]]
    older_own = [p for group in older.param_groups for p in group["params"]]
    for others in (copied_parameters, own, older_own):
        for p, gradient in zip(others, gradients):
            p.grad = gradient.clone()
    for one in (optimizer, copied, read, older):
        one.step()
    for others in (copied_parameters, own, older_own):
        same("a copy goes on as the original does", parameters, others)


def hooks(make, **_):
    parameters, loss = problem()
    optimizer = make(parameters)
    seen = []
    optimizer.register_step_post_hook(lambda *_: seen.append("after"))
    optimizer.register_step_pre_hook(lambda *_: seen.append("before"))
    loss().backward()
    optimizer.step()
    assert seen == ["before", "after"], seen


class Disagreement(Exception):
    """A check that fails, by its name."""


OF_RULES = [maximize, closure, groups, scheduler, without_gradient, checks, copies, hooks]


def check_rule(name, module):
    rule = own_class(module, torch.optim.Optimizer)
    defaults = rule([torch.nn.Parameter(torch.zeros(1))]).defaults
    settings = {key: value for key, value in defaults.items() if key not in ("maximize", "foreach", "transposed")}
    # Steps have to be seen: a rule that gets nowhere would pass every check.
    moves = differ(run(rule), problem()[0])
    for options in [{}, {"foreach": True}] if "foreach" in defaults else [{}]:
        def make(parameters, **more):
            return rule(parameters, **{**options, **more})

        for check in OF_RULES:
            try:
                check(make, name=name, settings=settings)
            except Exception as error:
                raise Disagreement(f"{check.__name__}{' with foreach' if options else ''}") from error
    return moves


def check_loss(name, module):
    loss_class = own_class(module, torch.nn.Module)
    random = torch.Generator().manual_seed(1)
    prediction = torch.randn((6, 3), generator=random)
    classes = torch.randint(3, (6,), generator=random)
    target = torch.nn.functional.one_hot(classes, 3).float()
    each = loss_class(reduction="none")(prediction, target)
    assert each.shape == (6,), each.shape
    same("losses are reduced", [loss_class()(prediction, target), loss_class(reduction="sum")(prediction, target)], [each.mean(), each.sum()])
    same("indices of classes are targets, too", [loss_class(reduction="none")(prediction, classes)], [each])
    refused(ValueError, ["reduction", "'most'"], lambda: loss_class(reduction="most"))
    settings = [key for key in vars(loss_class()) if not key.startswith("_") and key not in ("training", "reduction")]
    for setting in settings:
        refused(ValueError, [setting, "nan"], lambda: loss_class(**{setting: math.nan}))


def main():
    directory = Path(sys.argv[1])
    counts = {"rules": 0, "losses": 0}
    idle = []
    for name in json.loads((directory / "cases.json").read_text()):
        case = json.loads((directory / name / "case.json").read_text())
        module = load(directory / name / "torch_export.py")
        try:
            if case["schema"] in ("optimizer", "algorithm"):
                counts["rules"] += 1
                if not check_rule(name, module):
                    assert not case["known"], "it does nothing"
                    idle.append(name)
            if case["schema"] in ("loss", "algorithm"):
                counts["losses"] += 1
                check_loss(name, module)
        except Exception as error:
            traceback.print_exc()
            sys.exit(f"DISAGREES {name} as torch: {error}")
    rules = ", ".join(check.__name__.replace("_", " ") for check in OF_RULES)
    print(f"{counts['rules']} update rules keep to what PyTorch's do ({rules}), {len(idle)} of them without moving a parameter; "
          f"so do {counts['losses']} losses (reductions, indices of classes, checks)")


if __name__ == "__main__":
    main()
