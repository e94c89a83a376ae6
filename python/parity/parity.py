"""Compares exports with the interpreter, step by step. `run.sh` makes what it reads and calls it.

    cases/NAME/{torch,optax,numpy}_export.py ──► import, step fifty times ──┐
                                                                            ├─► within the tolerance of each element?
    cases/NAME/case.json: what the interpreter makes of the same ───────────┘

How far an element may be off is in the case: it is measured, by running the interpreter with every rounding a little wrong,
by so much as a table allows each class of ops (`examples/export_parity/noise.rs`). What even that leaves open, since a
program is ill-conditioned there or has overflown, is not compared, and counted.

Each update rule runs twice: freely for fifty steps, with its state saved, dropped and read back after the 25th; and from the
interpreter's parameters and state at every step anew, so that a chaotic one is compared at every step too, until something
overflows.
"""

import argparse
import collections
import importlib.util
import inspect
import io
import json
import pickle
import sys
import warnings
from pathlib import Path

import numpy as np

warnings.filterwarnings("ignore")
np.seterr(all="ignore")

RESUMED_AFTER = 25


class Tally:
    """How many numbers were compared, and how many were not."""

    def __init__(self):
        self.compared = collections.Counter()
        self.ill_conditioned = collections.Counter()
        self.worst = collections.defaultdict(float)

    def check(self, what, found, expected, tolerance, where):
        """Exits with status 1, and says where, if an element is farther off than is allowed."""
        found = np.asarray(found, np.float64).reshape(-1)
        expected = np.array([np.nan if x is None else x for x in expected], np.float64)
        allowed = np.array([np.nan if x is None else x for x in tolerance], np.float64)
        if found.shape != expected.shape:
            fail(f"{where}: {found.size} numbers where the interpreter has {expected.size}")
        told = np.isfinite(allowed)
        self.compared[what] += int(told.sum())
        self.ill_conditioned[what] += int((~told).sum())
        if not told.any():
            return
        share = np.abs(found[told] - expected[told]) / allowed[told]
        share = np.where(np.isnan(share), np.inf, share)
        self.worst[what] = max(self.worst[what], float(share.max()))
        if share.max() > 1:
            index = np.flatnonzero(told)[int(share.argmax())]
            fail(
                f"{where}: element {index} is {found[index]!r}, and {expected[index]!r} by the interpreter, "
                f"where {allowed[index]:.3e} is allowed"
            )


FAILURES = []
KEEP_GOING = False


def fail(message):
    FAILURES.append(message)
    print(f"DISAGREES {message}", flush=True)
    if not KEEP_GOING:
        sys.exit(1)
    raise Disagreement


class Disagreement(Exception):
    """A program that has been found out."""


def load(path):
    """A module from a file, under a name of its own."""
    name = f"{path.parent.name}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def array(numbers, *shape):
    return np.array([np.nan if x is None else x for x in numbers], np.float32).reshape(shape or -1)


def extent(word, tensor):
    return {"1": 1, "m": tensor["rows"], "n": tensor["columns"]}[word]


def state_shape(state, tensor):
    return extent(state["rows"], tensor), extent(state["columns"], tensor)


def is_scalar(state):
    return state["rows"] == state["columns"] == "1"


def finite_steps(case):
    """Steps until which all is finite by the interpreter, in all tensors."""
    for step in range(len(case["tensors"][0]["steps"])):
        for tensor in case["tensors"]:
            reached = tensor["steps"][step]
            numbers = reached["w"] + [x for state in reached["states"] for x in state["value"]]
            if any(x is None for x in numbers):
                return step
    return len(case["tensors"][0]["steps"])


# What each library does: made with a module and a case, stepped with gradients, saved and read back, set.


class NumpyRule:
    name = "numpy"
    # Whether a number can come of NaN where the interpreter has NaN.
    loses_nan = False

    def __init__(self, module, case):
        self.module, self.case = module, case
        self.w = [array(t["initial"], t["rows"], t["columns"]) for t in case["tensors"]]
        self.state = [module.init(w) for w in self.w]

    def step(self, gradients):
        for index, (w, g, state) in enumerate(zip(self.w, gradients, self.state)):
            delta = self.module.update(w, g, state)
            assert delta.dtype == np.float32 and delta.shape == w.shape, (delta.dtype, delta.shape)
            self.w[index] = w + delta

    def save_and_load(self):
        self.state = pickle.loads(pickle.dumps(self.state))

    def weights(self, index):
        return self.w[index]

    def kept(self, index, name):
        return self.state[index].get(name)

    def set(self, step, weights, states):
        self.w = weights
        for index, state in enumerate(self.state):
            if "step" in state:
                state["step"] = np.float32(step)
            for name, values in states.items():
                if name in state:
                    value = values[index]
                    state[name] = value.reshape(())[()] if np.ndim(state[name]) == 0 else value


class TorchRule:
    name = "torch"
    options = {}

    def __init__(self, module, case):
        import torch

        self.torch, self.module, self.case = torch, module, case
        self.optimizer_class = next(
            value for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, torch.optim.Optimizer) and value is not torch.optim.Optimizer
        )
        # PyTorch's sign of NaN is 0.
        self.loses_nan = "sign(" in inspect.getsource(module)
        self.sees_matrices = hasattr(module, "_as_matrix")
        self.parameters = [torch.nn.Parameter(self.as_weight(i, array(t["initial"]))) for i, t in enumerate(case["tensors"])]
        self.optimizer = self.optimizer_class(self.parameters, **self.options)

    def as_weight(self, index, matrix):
        """As PyTorch has what is a matrix of inputs by outputs elsewhere."""
        tensor = self.case["tensors"][index]
        matrix = self.torch.tensor(np.asarray(matrix).reshape(tensor["rows"], tensor["columns"]))
        if tensor["kind"] == "vector":
            return matrix.reshape(-1).clone()
        if tensor["kind"] == "convolution":
            return matrix.T.reshape(tensor["columns"], 2, 2, 2).clone()
        return matrix.T.contiguous()

    def as_matrix(self, tensor):
        tensor = tensor.detach()
        if tensor.dim() < 2:
            return tensor.reshape(1, -1).numpy()
        return tensor.flatten(1).T.numpy()

    def step(self, gradients):
        for index, (parameter, g) in enumerate(zip(self.parameters, gradients)):
            parameter.grad = self.as_weight(index, g)
        self.optimizer.step()

    def save_and_load(self):
        file = io.BytesIO()
        self.torch.save(self.optimizer.state_dict(), file)
        file.seek(0)
        self.optimizer = self.optimizer_class(self.parameters, **self.options)
        self.optimizer.load_state_dict(self.torch.load(file))

    def weights(self, index):
        return self.as_matrix(self.parameters[index])

    def is_like_weights(self, value, index):
        return not self.sees_matrices and value.dim() > 0

    def kept(self, index, name):
        value = self.optimizer.state[self.parameters[index]].get(name)
        if value is None:
            return None
        return self.as_matrix(value) if self.is_like_weights(value, index) else value.numpy()

    def set(self, step, weights, states):
        torch = self.torch
        for index, parameter in enumerate(self.parameters):
            with torch.no_grad():
                parameter.copy_(self.as_weight(index, weights[index]))
            state = self.optimizer.state[parameter]
            if "step" in state:
                state["step"] = torch.tensor(float(step))
            for name, values in states.items():
                if name not in state:
                    continue
                value = values[index]
                if state[name].dim() == 0:
                    state[name] = torch.tensor(value.reshape(())[()])
                elif self.is_like_weights(state[name], index):
                    state[name] = self.as_weight(index, value)
                else:
                    state[name] = torch.tensor(value)


class TorchForeachRule(TorchRule):
    name = "torch foreach"
    options = {"foreach": True}


class OptaxRule:
    name = "optax under jit"
    loses_nan = False

    def __init__(self, module, case):
        import jax
        import jax.numpy as jnp

        self.jax, self.jnp, self.case = jax, jnp, case
        make = getattr(module, case["name"])
        self.transformation = make()
        self.w = [self.as_kernel(i, array(t["initial"])) for i, t in enumerate(case["tensors"])]
        self.state = self.transformation.init(self.w)
        self.update = jax.jit(self.transformation.update)

    def as_kernel(self, index, matrix):
        tensor = self.case["tensors"][index]
        matrix = np.asarray(matrix).reshape(tensor["rows"], tensor["columns"])
        if tensor["kind"] == "vector":
            matrix = matrix.reshape(-1)
        if tensor["kind"] == "convolution":
            matrix = matrix.reshape(2, 2, 2, tensor["columns"])
        return self.jnp.asarray(matrix)

    def step(self, gradients):
        gradients = [self.as_kernel(index, g) for index, g in enumerate(gradients)]
        updates, self.state = self.update(gradients, self.state, self.w)
        self.w = [w + delta for w, delta in zip(self.w, updates)]

    def save_and_load(self):
        saved = pickle.dumps(self.jax.device_get(self.state))
        self.state = self.jax.tree.map(self.jnp.asarray, pickle.loads(saved))

    def weights(self, index):
        return np.asarray(self.w[index])

    def kept(self, index, name):
        value = getattr(self.state, name, None) if name in getattr(self.state, "_fields", ()) else None
        if isinstance(value, list):
            value = value[index]
        return None if value is None else np.asarray(value)

    def set(self, step, weights, states):
        self.w = [self.as_kernel(index, w) for index, w in enumerate(weights)]
        fields = {}
        if "count" in getattr(self.state, "_fields", ()):
            fields["count"] = self.jnp.asarray(step, self.jnp.int32)
        for name, values in states.items():
            old = getattr(self.state, name) if name in getattr(self.state, "_fields", ()) else None
            if isinstance(old, list):
                fields[name] = [self.jnp.asarray(v.reshape(o.shape)) for v, o in zip(values, old)]
            elif old is not None:
                fields[name] = self.jnp.asarray(values[0].reshape(()))
        if fields:
            self.state = self.state._replace(**fields)


def gradients_of(case, step):
    return [array(t["gradients"][step], t["rows"], t["columns"]) for t in case["tensors"]]


def compare_rule(make, module, case, tally):
    last, steps = finite_steps(case), len(case["tensors"][0]["steps"])
    label = f"{case['name']} as {make.name}"
    rule = make(module, case)
    # What is not finite any more is not compared, but what does not hang on it is.
    for step in range(steps):
        rule.step(gradients_of(case, step))
        if step + 1 == RESUMED_AFTER:
            rule.save_and_load()
        if step >= last and rule.loses_nan:
            continue
        for index, tensor in enumerate(case["tensors"]):
            reached = tensor["steps"][step]
            where = f"{label}, freely, step {step + 1}, {tensor['kind']}"
            tally.check(f"{make.name}, freely", rule.weights(index), reached["w"], reached["tolerance"], where)
    rule = make(module, case)
    names = [state["name"] for state in case["states"]]
    for step in range(last):
        weights, states = [], {name: [] for name in names}
        for tensor in case["tensors"]:
            before = tensor["steps"][step - 1] if step else None
            weights.append(array(before["w"] if step else tensor["initial"], tensor["rows"], tensor["columns"]))
            for place, state in enumerate(case["states"]):
                shape = state_shape(state, tensor)
                states[state["name"]].append(
                    array(before["states"][place]["value"], *shape) if step else np.zeros(shape, np.float32)
                )
        # What is kept is made by the first step.
        if step:
            rule.set(step, weights, states)
        rule.step(gradients_of(case, step))
        for index, tensor in enumerate(case["tensors"]):
            reached = tensor["steps"][step]
            where = f"{label}, from the interpreter's state, step {step + 1}, {tensor['kind']}"
            what = f"{make.name}, step by step"
            tally.check(what, rule.weights(index), reached["w"], reached["step_tolerance"], where)
            for place, name in enumerate(names):
                kept = rule.kept(index, name)
                if kept is not None:
                    expected = reached["states"][place]
                    tally.check(what, kept, expected["value"], expected["tolerance"], f"{where}, state {name}")
    return last


def compare_loss(target, module, case, name, tally):
    examples = case["examples"]
    if not examples:
        return
    predictions = np.stack([array(e["prediction"]) for e in examples])
    targets = np.stack([array(e["target"]) for e in examples])
    gradients = None
    if target == "numpy":
        losses = np.array([module.loss(p[:, None], t[:, None]) for p, t in zip(predictions, targets)])
    elif target == "torch":
        import torch

        loss_class = next(v for v in vars(module).values() if isinstance(v, type) and issubclass(v, torch.nn.Module))
        loss = loss_class(reduction="none")
        prediction = torch.tensor(predictions, requires_grad=True)
        losses = loss(prediction, torch.tensor(targets))
        if losses.requires_grad:
            losses.sum().backward()
            gradients = prediction.grad.numpy()
        losses = losses.detach().numpy()
    else:
        import jax

        function = jax.jit(getattr(module, name))
        losses = np.asarray(function(predictions, targets))
        gradients = np.asarray(jax.jit(jax.grad(lambda p: function(p, targets).sum()))(predictions))
    for index, example in enumerate(examples):
        where = f"{case['name']} as {target}, example {index}"
        tally.check(f"{target}, losses", losses[index], example["loss"], example["tolerance"], where)
        # A loss that is no number has no gradient, whatever a library says.
        if gradients is not None and example["loss"][0] is not None:
            allowed = example["gradient_tolerance"]
            tally.check(f"{target}, gradients", gradients[index], example["gradient"], allowed, f"{where}, gradient")


def compare_learner(target, module, case, tally):
    learner_class = next(v for v in vars(module).values() if isinstance(v, type) and v.__module__ == module.__name__)
    learner = learner_class(case["features"], seed=case["seed"])
    for index, lesson in enumerate(case["lessons"]):
        x = array(lesson["x"], 1, -1)
        y = array(lesson["y"])[None]
        found = np.asarray(learner.predict(x))
        where = f"{case['name']} as {target}, example {index}"
        tally.check(f"{target}, predictions", found, lesson["prediction"], lesson["tolerance"], where)
        learner.fit(x, y)
        if index + 1 == RESUMED_AFTER:
            learner = pickle.loads(pickle.dumps(learner))


def compare(directory, name, targets, tally, kinds):
    case = json.loads((directory / name / "case.json").read_text())
    for target in targets:
        path = directory / name / f"{target}_export.py"
        if not path.exists():
            continue
        module = load(path)
        schema = case["schema"]
        try:
            if schema in ("optimizer", "algorithm"):
                rules = {"numpy": [NumpyRule], "optax": [OptaxRule], "torch": [TorchRule]}[target]
                if target == "torch" and hasattr(module, "_multi_tensor"):
                    rules = [TorchRule, TorchForeachRule]
                for rule in rules:
                    last = compare_rule(rule, module, case, tally)
                    kinds[f"{rule.name}: {'all steps' if last == 50 else 'all steps, of which some overflow'}"] += 1
            if schema in ("loss", "algorithm"):
                loss = case if schema == "loss" else {**case["loss"], "name": name}
                compare_loss(target, module, loss, name if schema == "loss" else f"{name}_loss", tally)
                kinds[f"{target}: losses" + ("" if loss["examples"] else " without derivative, not compared")] += 1
            if schema == "learner":
                compare_learner(target, module, case, tally)
                kinds[f"{target}: learners"] += 1
        except Disagreement:
            pass
        except Exception as error:
            if not KEEP_GOING:
                raise
            FAILURES.append(f"{name} as {target}: {type(error).__name__}: {error}")
            print(f"FAILS {FAILURES[-1]}", flush=True)


def check_that_mistakes_are_noticed(directory, names):
    """The tolerances are worth something: a constant of a known rule that is off by a thousandth is noticed."""
    noticed, overlooked = 0, []
    for name in names:
        case = json.loads((directory / name / "case.json").read_text())
        if not case["known"] or case["schema"] != "optimizer":
            continue
        module = load(directory / name / "numpy_export.py")
        right = module.update
        for constant in right.__kwdefaults__:
            wrong = {constant: right.__kwdefaults__[constant] * 1.001}
            module.update = lambda w, g, state: right(w, g, state, **wrong)
            rule = NumpyRule(module, case)
            share = 0.0
            for step in range(finite_steps(case)):
                rule.step(gradients_of(case, step))
                for index, tensor in enumerate(case["tensors"]):
                    reached = tensor["steps"][step]
                    allowed = array(reached["tolerance"])
                    off = np.abs(rule.weights(index).reshape(-1) - array(reached["w"])) / allowed
                    share = max(share, float(np.nanmax(off, initial=0.0)))
            if share > 1:
                noticed += 1
            else:
                overlooked.append(f"{constant} of {name}")
    print(f"a constant that is off by a thousandth is noticed: {noticed}; not: {', '.join(overlooked) or 'none'}")
    # Epsilons are too small to matter to these gradients, and so are the default decays, which others stand in for.
    if any(constant.split()[0] not in ("epsilon", "weight_decay") for constant in overlooked):
        sys.exit("a wrong constant is not noticed")


def main():
    global KEEP_GOING
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--targets", default="numpy,torch,optax")
    parser.add_argument("--only", default="", help="programs whose name contains this")
    parser.add_argument("--keep-going", action="store_true", help="name all disagreements, not the first alone")
    options = parser.parse_args()
    KEEP_GOING = options.keep_going
    tally, kinds = Tally(), collections.Counter()
    names = json.loads((options.cases / "cases.json").read_text())
    for name in names:
        if options.only in name:
            compare(options.cases, name, options.targets.split(","), tally, kinds)
    check_that_mistakes_are_noticed(options.cases, names)
    for kind, count in sorted(kinds.items()):
        print(f"{count:6} programs as {kind}")
    for what in sorted(tally.compared):
        compared, left_out = tally.compared[what], tally.ill_conditioned[what]
        print(f"{what}: {compared} numbers agree, at worst {tally.worst[what]:.2f} of what is allowed; "
              f"{left_out} ill-conditioned, not compared")
    if FAILURES:
        sys.exit(f"{len(FAILURES)} disagreements")


if __name__ == "__main__":
    main()
