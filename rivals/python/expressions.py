"""Random expressions by Python libraries, on one thread: billions of nodes times rows a second.

The trees and rows are those that `mlevolve-rivals --write DIRECTORY` writes, so the figures are of the
same work. All values are checked against NumPy in binary64 first.
"""

import pathlib
import time

import measure

measure.use_one_thread()

import numpy as np  # noqa: E402

pyoperon = measure.installed("pyoperon")
jax = measure.installed("jax")

# The root of the mean squared difference over all rows, as a part of the root of the mean square.
TOLERANCE = 1e-3
ARITY = {"add": 2, "sub": 2, "mul": 2, "div": 2} | dict.fromkeys(
    ["abs", "square", "exp", "log", "sin", "cos", "tanh", "sqrt"], 1
)
NAMES = {"add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "abs": "abs"}


def fold(tree, variable, constant, apply):
    """Computes an expression in postfix order."""
    stack = []
    for word in tree:
        if word in ARITY:
            operands = stack[-ARITY[word] :]
            del stack[-ARITY[word] :]
            stack.append(apply(word, *operands))
        elif word.startswith("x"):
            stack.append(variable(int(word[1:])))
        else:
            stack.append(constant(word))
    [result] = stack
    return result


def in_numpy(tree, columns):
    """The value in every row, in the columns' type."""
    ufunc = lambda name: getattr(np, NAMES.get(name, name))  # noqa: E731
    number = columns.dtype.type
    return fold(tree, lambda i: columns[i], number, lambda name, *operands: ufunc(name)(*operands))


class InNumpy:
    """Op by op, each into an array that is kept from run to run. An op may write over its operand."""

    def __init__(self, trees, columns):
        rows = columns.shape[1]
        self.result = None
        self.programs = []
        buffers = [np.empty(rows, np.float32) for _ in range(max(map(len, trees)))]
        for tree in trees:
            program = []
            stack = []
            for word in tree:
                if word in ARITY:
                    operands = stack[-ARITY[word] :]
                    del stack[-ARITY[word] :]
                    out = buffers[len(stack)]
                    program.append((getattr(np, NAMES.get(word, word)), operands, out))
                    stack.append(out)
                elif word.startswith("x"):
                    stack.append(columns[int(word[1:])])
                else:
                    stack.append(np.float32(word))
            self.programs.append(program)

    def run(self, keep=False):
        kept = []
        for program in self.programs:
            for function, operands, out in program:
                function(*operands, out=out)
            if keep:
                kept.append(out.copy())
        return kept


class InJax:
    """A compiled function for each tree, over all rows."""

    def __init__(self, trees, columns):
        jnp = jax.numpy
        self.columns = jnp.array(columns)
        apply = lambda name, *operands: getattr(jnp, NAMES.get(name, name))(*operands)  # noqa: E731

        def compiled(tree):
            function = lambda rows: fold(tree, lambda i: rows[i], np.float32, apply)  # noqa: E731
            return jax.jit(function).lower(self.columns).compile()

        self.functions = [compiled(tree) for tree in trees]

    def run(self, keep=False):
        kept = []
        for function in self.functions:
            result = function(self.columns).block_until_ready()
            if keep:
                kept.append(np.asarray(result))
        return kept


class InOperon:
    """EvaluateTrees, an interpreter in C++ that goes through blocks of rows."""

    TYPES = {name: name.capitalize() for name in ARITY}

    def __init__(self, trees, columns):
        self.data = pyoperon.Dataset(np.asfortranarray(columns.T))
        hashes = self.data.VariableHashes
        rows = columns.shape[1]
        self.range = pyoperon.Range(0, rows)
        self.results = np.zeros((len(trees), rows), np.float32)

        def variable(index):
            node = pyoperon.Node.Variable(1.0)
            node.HashValue = hashes[index]
            return [node]

        def apply(name, *operands):
            # The last subtree is the first operand.
            nodes = [node for operand in reversed(operands) for node in operand]
            return nodes + [pyoperon.Node(getattr(pyoperon.NodeType, self.TYPES[name]))]

        constant = lambda word: [pyoperon.Node.Constant(float(word))]  # noqa: E731
        self.trees = [pyoperon.Tree(fold(tree, variable, constant, apply)).UpdateNodes() for tree in trees]

    def run(self, keep=False):
        pyoperon.EvaluateTrees(self.trees, self.data, self.range, self.results, 1)
        return list(self.results) if keep else []


def error(values, expected):
    return np.sqrt(np.sum((values - expected) ** 2) / np.sum(expected**2))


def main():
    parser = measure.options(__doc__)
    parser.add_argument("directory", type=pathlib.Path, help="what the trees and rows were written to")
    arguments = parser.parse_args()
    for path in sorted(arguments.directory.glob("*.trees")):
        trees = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
        variables = 10
        columns = np.fromfile(arguments.directory / "columns.f32", "<f4").reshape(variables, -1)
        kinds = {"numpy": InNumpy}
        kinds |= {"jax.jit": InJax} if jax else {}
        kinds |= {"pyoperon": InOperon} if pyoperon else {}
        expected = [in_numpy(tree, columns.astype(np.float64)) for tree in trees]
        made = {}
        for name, kind in kinds.items():
            start = time.perf_counter()
            made[name] = kind(trees, columns)
            each_ms = (time.perf_counter() - start) * 1e3 / len(trees)
            errors = [error(*pair) for pair in zip(made[name].run(keep=True), expected, strict=True)]
            print(f"  {name}: {each_ms:.2f} ms a tree to make it ready, error at most {max(errors):.1e}")
            if not max(errors) <= TOLERANCE:
                raise SystemExit(f"{name} is {max(errors)} off on {' '.join(trees[int(np.argmax(errors))])}")
        seconds = measure.interleave({name: one.run for name, one in made.items()}, arguments)
        work = sum(map(len, trees)) * columns.shape[1]
        figures = {name: work / once_s / 1e9 for name, once_s in seconds.items()}
        measure.report("expressions", path.stem, "G node-rows/s", figures, arguments)


if __name__ == "__main__":
    main()
