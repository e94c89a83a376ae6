"""Compares exports of known rules with the optimizers that PyTorch and optax have themselves, for fifty steps.

    cases/NAME/case.json: tensors and gradients ──► export │ torch.optim, optax ──► the same parameters?

Both step with the constants that the program has, and with others, among them a weight decay of a half. The export computes in
binary32 throughout, the libraries compute constants such as 1 - beta in binary64, so that the roundings differ by design: at
each step by a unit in the last place of the parameter, and by 2e-6 of the path that it has gone.

What has no counterpart is named: PyTorch has no Lion, Signum or Shampoo, its Muon computes in bfloat16, and optax's Muon scales
otherwise and its Adagrad adds epsilon under the root.
"""

import json
import sys
from pathlib import Path

import jax
import numpy as np
import optax
import torch

from parity import array, gradients_of, load

OF_PATH = 2e-6

TORCH = {
    "sgd": lambda p, c: torch.optim.SGD(p, lr=c["learning_rate"]),
    "momentum": lambda p, c: torch.optim.SGD(p, lr=c["learning_rate"], momentum=c["momentum"]),
    "nesterov": lambda p, c: torch.optim.SGD(p, lr=c["learning_rate"], momentum=c["momentum"], nesterov=True),
    "adagrad": lambda p, c: torch.optim.Adagrad(p, lr=c["learning_rate"], eps=c["epsilon"]),
    "rmsprop": lambda p, c: torch.optim.RMSprop(p, lr=c["learning_rate"], alpha=c["alpha"], eps=c["epsilon"]),
    "adam": lambda p, c: torch.optim.Adam(p, lr=c["learning_rate"], betas=(c["beta1"], c["beta2"]), eps=c["epsilon"]),
    "adamw": lambda p, c: torch.optim.AdamW(
        p, lr=c["learning_rate"], betas=(c["beta1"], c["beta2"]), eps=c["epsilon"], weight_decay=c["weight_decay"]
    ),
}

OPTAX = {
    "sgd": lambda c: optax.sgd(c["learning_rate"]),
    "momentum": lambda c: optax.sgd(c["learning_rate"], momentum=c["momentum"]),
    "nesterov": lambda c: optax.sgd(c["learning_rate"], momentum=c["momentum"], nesterov=True),
    "signum": lambda c: optax.chain(
        optax.ema(c["beta"], debias=False), optax.scale_by_sign(), optax.scale(-c["learning_rate"])
    ),
    "lion": lambda c: optax.lion(c["learning_rate"], c["beta1"], c["beta2"], weight_decay=c["weight_decay"]),
    "rmsprop": lambda c: optax.rmsprop(c["learning_rate"], decay=c["alpha"], eps=c["epsilon"], eps_in_sqrt=False),
    "adam": lambda c: optax.adam(c["learning_rate"], c["beta1"], c["beta2"], c["epsilon"]),
    "adamw": lambda c: optax.adamw(
        c["learning_rate"], c["beta1"], c["beta2"], c["epsilon"], weight_decay=c["weight_decay"]
    ),
}

OTHERS = {"learning_rate": 0.05, "beta1": 0.8, "beta2": 0.95, "beta": 0.6, "alpha": 0.9, "momentum": 0.7,
          "epsilon": 0.01, "weight_decay": 0.5}


def follow(step, case):
    """Parameters before the first step, and after each."""
    weights = [array(t["initial"], t["rows"], t["columns"]) for t in case["tensors"]]
    trajectory = [weights]
    for number in range(len(case["tensors"][0]["steps"])):
        weights = step(weights, gradients_of(case, number))
        trajectory.append([np.array(w) for w in weights])
    return trajectory


def torch_stepper(make, case):
    parameters = [torch.nn.Parameter(torch.tensor(array(t["initial"], t["rows"], t["columns"]))) for t in case["tensors"]]
    optimizer = make(parameters)

    def step(_, gradients):
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = torch.tensor(gradient)
        optimizer.step()
        return [parameter.detach().numpy() for parameter in parameters]

    return step


def optax_stepper(transformation):
    state = None
    update = jax.jit(transformation.update)

    def step(weights, gradients):
        nonlocal state
        if state is None:
            state = transformation.init(weights)
        updates, state = update(gradients, state, weights)
        return optax.apply_updates(weights, updates)

    return step


def compare(what, own, theirs):
    worst = 0.0
    for tensor in range(len(own[0])):
        greatest = np.abs(own[0][tensor])
        path = np.zeros_like(greatest)
        for step in range(1, len(own)):
            found, expected = own[step][tensor], theirs[step][tensor]
            greatest = np.maximum(greatest, np.abs(expected))
            path = path + np.abs(expected - theirs[step - 1][tensor])
            allowed = 4 * step * greatest * 2.0**-24 + OF_PATH * path
            share = float(np.max(np.abs(found - expected) / allowed))
            worst = max(worst, share)
            if not share <= 1:
                sys.exit(f"DISAGREES {what}, step {step}: {share:.2f} times as far as is allowed")
    return worst


def main():
    directory = Path(sys.argv[1])
    for target, table in [("torch", TORCH), ("optax", OPTAX)]:
        worst = 0.0
        for name, make in table.items():
            case = json.loads((directory / name / "case.json").read_text())
            module = load(directory / name / f"{target}_export.py")
            known = case["constants"]
            for constants in [known, {name: OTHERS.get(name, value) for name, value in known.items()}]:
                own = {("lr" if target == "torch" and key == "learning_rate" else key): value
                       for key, value in constants.items() if key not in ("one", "half", "two")}
                if target == "torch":
                    own_class = next(v for v in vars(module).values() if isinstance(v, type)
                                     and issubclass(v, torch.optim.Optimizer) and v is not torch.optim.Optimizer)
                    for foreach in (False, True):
                        mine = torch_stepper(lambda p: own_class(p, **own, foreach=foreach), case)
                        theirs = torch_stepper(lambda p: make(p, constants), case)
                        worst = max(worst, compare(f"{name} as {target}", follow(mine, case), follow(theirs, case)))
                else:
                    mine = optax_stepper(getattr(module, name)(**own))
                    theirs = optax_stepper(make(constants))
                    worst = max(worst, compare(f"{name} as {target}", follow(mine, case), follow(theirs, case)))
        print(f"{len(table)} known rules agree with {target}'s own for fifty steps, by two sets of constants: "
              f"at worst {worst:.2f} of what is allowed ({', '.join(table)})")


if __name__ == "__main__":
    main()
