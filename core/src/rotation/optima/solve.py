"""Makes optima.jsonl and infeasible.jsonl, or checks them (--check, which needs no solver). See README.md.

The value of an order is found by `value`, its optimality by the model in `best` and, sharing no code with it, by
`refute`, a search through all orders. All times are integers.
"""

import argparse
import itertools
import json
import math
import random
from pathlib import Path

SEED = 20
HERE = Path(__file__).resolve().parent
OPTIMA, GUARANTEES = HERE / "optima.jsonl", HERE / "infeasible.jsonl"

# ---- What is measured ------------------------------------------------------------------------------------------------


def value(entries, order):
    """(ppm, neighbours of one class) of an order: a list of keys, one per slot."""
    duration = {e["key"]: e["duration"] for e in entries}
    kind = {e["key"]: e["class"] for e in entries}
    assert sorted(order) == sorted(e["key"] for e in entries for _ in range(e["count"])), "each as often as asked"
    length = sum(duration[key] for key in order)
    worst, now, seen = 0, 0, {}
    for key in order + order:
        if key in seen:
            worst = max(worst, (now - seen[key]) * order.count(key))
        seen[key] = now
        now += duration[key]
    clashes = sum(kind[order[i - 1]] == kind[order[i]] for i in range(len(order)))
    return worst * 1_000_000 // length, clashes


def fewest_clashes(entries):
    """No order has fewer neighbours of one class; `best` shows that this many is reached."""
    slots = sum(e["count"] for e in entries)
    sizes = [sum(o["count"] for o in entries if o["class"] == e["class"]) for e in entries]
    return max(0, 2 * max(sizes) - slots)


# ---- The model -------------------------------------------------------------------------------------------------------


def best(entries, clashes=None):
    """An order with the smallest value; of those with so many neighbours of one class, if given."""
    from ortools.sat.python import cp_model

    unit = math.gcd(*(e["duration"] for e in entries))
    length = [e["duration"] // unit for e in entries]
    count = [e["count"] for e in entries]
    kind = [e["class"] for e in entries]
    loop = sum(a * b for a, b in zip(length, count))
    model = cp_model.CpModel()
    # The loop is turned so that a showing of the rarest entry is its first; showings of one entry are in order.
    first = min(range(len(entries)), key=lambda e: (count[e], -length[e]))
    showings = sorted(((e, k) for e in range(len(entries)) for k in range(count[e])), key=lambda s: s != (first, 0))
    start = {s: model.new_int_var(0, loop - length[s[0]], str(s)) for s in showings}
    model.add(start[showings[0]] == 0)
    model.add_no_overlap([model.new_fixed_size_interval_var(start[s], length[s[0]], f"i{s}") for s in showings])
    worst = model.new_int_var(loop, loop * max(count), "worst")
    for e, k in showings:
        if k + 1 < count[e]:
            model.add(start[e, k] + length[e] <= start[e, k + 1])
            model.add(count[e] * (start[e, k + 1] - start[e, k]) <= worst)
        else:
            model.add(count[e] * (start[e, 0] + loop - start[e, k]) <= worst)
    if clashes is not None:
        arcs, alike = [], []
        for (i, a), (j, b) in itertools.permutations(enumerate(showings), 2):
            if a[0] == b[0] and (a[1] + 1) % count[a[0]] != b[1]:
                continue
            follows = model.new_bool_var(f"{a}{b}")
            arcs.append((i, j, follows))
            model.add((start[b] if j else loop) == start[a] + length[a[0]]).only_enforce_if(follows)
            if kind[a[0]] == kind[b[0]]:
                alike.append(follows)
        model.add_circuit(arcs)
        model.add(sum(alike) == clashes)
    model.minimize(worst)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = SEED
    solver.parameters.max_time_in_seconds = 240
    status = solver.solve(model)
    assert status == cp_model.OPTIMAL, f"not proven: {solver.status_name(status)} {entries}"
    order = [entries[e]["key"] for e, _ in sorted(showings, key=lambda s: solver.value(start[s]))]
    ppm = int(solver.objective_value) * 1_000_000 // loop
    found, clashing = value(entries, order)
    assert found == ppm and clashes in (None, clashing), "the model and the measure agree"
    return ppm, order


# ---- The second proof ------------------------------------------------------------------------------------------------


def refute(entries, ppm, clashes=None):
    """Searches all orders, without a solver, for one of a smaller value. True: there is none."""
    es = sorted(entries, key=lambda e: (e["count"], -e["duration"], e["class"]))
    n = len(es)
    d, c, kind = ([e[field] for e in es] for field in ("duration", "count", "class"))
    loop = sum(a * b for a, b in zip(d, c))
    gap = [((ppm * loop + 999_999) // 1_000_000 - 1) // times for times in c]  # longest that is still smaller
    if any(g * times < loop for g, times in zip(gap, c)):
        return True
    same = list(zip(c, d, kind))
    twin = [max((j for j in range(i) if same[j] == same[i]), default=None) for i in range(n)]
    dead = set()

    def put(row, i, what):
        return row[:i] + (what,) + row[i + 1 :]

    def possible(now, left, last, begun):
        for i in range(n):
            if begun[i] is None:
                if now > gap[i] - d[i]:
                    return False
            elif (left[i] + 1) * gap[i] < loop + begun[i] - last[i] or (left[i] and now > last[i] + gap[i]):
                return False
        return True

    def search(now, left, last, begun, before, spare):
        if now == loop:
            return kind[before] != kind[0] or spare is None or spare > 0
        state = (left, last, begun, before, spare)
        if state in dead:
            return False
        for i in sorted(range(n), key=lambda i: gap[i] if begun[i] is None else last[i] + gap[i]):
            if not left[i] or (twin[i] is not None and begun[i] is None and begun[twin[i]] is None):
                continue
            after = spare if spare is None or kind[i] != kind[before] else spare - 1
            if after is not None and after < 0 or begun[i] is not None and now - last[i] > gap[i]:
                continue
            first = now if begun[i] is None else begun[i]
            step = (put(left, i, left[i] - 1), put(last, i, now), put(begun, i, first))
            if possible(now + d[i], *step) and search(now + d[i], *step, i, after):
                return True
        dead.add(state)
        return False

    none = (None,) * (n - 1)
    return not search(d[0], (c[0] - 1, *c[1:]), (0, *none), (0, *none), 0, clashes)


def brute_force(entries):
    """Both optima by measuring every order; for tiny instances."""

    def orders(left, order):
        if not any(left):
            yield order
        for i, e in enumerate(entries):
            if left[i]:
                yield from orders(left[:i] + [left[i] - 1] + left[i + 1 :], order + [e["key"]])

    left = [e["count"] for e in entries]
    left[0] -= 1
    measured = [value(entries, order) for order in orders(left, [entries[0]["key"]])]
    fewest = min(clashing for _, clashing in measured)
    assert fewest == fewest_clashes(entries)
    return min(ppm for ppm, _ in measured), min(ppm for ppm, clashing in measured if clashing == fewest)


def orders_of(entries):
    counts = [e["count"] for e in entries]
    return math.factorial(sum(counts)) // math.prod(map(math.factorial, counts)) * counts[0] // sum(counts)


# ---- The instances ---------------------------------------------------------------------------------------------------

# One large among many small, steps, near-equal pairs, powers of two, a majority: where greedy orders go wrong.
SKEWED = [
    (1, 1, 1, 1, 1, 1, 6), (1, 1, 1, 1, 1, 8), (1, 1, 1, 1, 1, 1, 1, 9), (1, 1, 1, 10), (1, 1, 2, 12),
    (1, 2, 3, 4, 5, 6), (2, 3, 3, 5, 9), (1, 2, 4, 8), (1, 2, 2, 4, 4, 8), (3, 3, 4, 4, 5, 5),
    (2, 2, 3, 3, 7, 7), (5, 7, 11), (1, 5, 5, 5, 7), (2, 2, 2, 3, 3, 3, 4, 5),
]  # fmt: skip


def spread(rng, entries, low, high):
    """Counts, from flat to skewed, with a sum between low and high."""
    while True:
        steep = rng.choice([0.0, 0.5, 1.0, 1.5])
        counts = [max(1, round(rng.uniform(0.6, 1.4) * high / entries / (i + 1) ** steep)) for i in range(entries)]
        rng.shuffle(counts)
        if low <= sum(counts) <= high:
            return counts


def instance(counts, durations, classes):
    rows = zip(durations, counts, classes)
    return [{"key": i, "duration": d, "count": c, "class": k} for i, (d, c, k) in enumerate(rows)]


def classes(rng, n, of):
    """As even as can be over `of` classes."""
    dealt = [i % of for i in range(n)]
    rng.shuffle(dealt)
    return dealt


def candidates(rng):
    """Endless (group, entries)."""
    for counts in SKEWED:
        n = len(counts)
        yield "u", instance(counts, [15_000] * n, classes(rng, n, rng.randint(3, 6)))
    while True:
        n = rng.randint(3, 8)
        counts = spread(rng, n, 8, rng.randint(12, 24))
        yield "u", instance(counts, [rng.choice([10_000, 15_000])] * n, classes(rng, n, rng.randint(3, 6)))
        n = rng.randint(3, 7)
        counts = spread(rng, n, 6, rng.randint(11, 16))
        durations = [rng.randint(5, 60) * 1000 for _ in counts]
        yield "m", instance(counts, durations, classes(rng, n, rng.randint(3, 6)))
        n = rng.randint(4, 7)
        counts = spread(rng, n, 8, rng.randint(10, 18))
        durations = [rng.randint(5, 60) * 1000 if rng.random() < 0.5 else 15_000 for _ in counts]
        yield "s", instance(counts, durations, classes(rng, n, rng.randint(2, 3)))


def make_optima():
    wanted, made = {"u": 25, "m": 25, "s": 10}, []
    for group, entries in candidates(random.Random(SEED)):
        if not any(wanted.values()):
            break
        if not wanted[group] or any(line["entries"] == entries for line in made):
            continue
        fewest = fewest_clashes(entries)
        optimum, order = best(entries)
        separated, separated_order = best(entries, fewest)
        perfect = sum(line["name"][0] == group and line["separated_optimum_ppm"] == 1_000_000 for line in made)
        if group == "s" and separated == optimum or separated == 1_000_000 and perfect == 2:
            continue  # Separation must bind; two loops that come out even are enough.
        wanted[group] -= 1
        made.append({
            "name": f"{group}{sum(line['name'][0] == group for line in made) + 1:02}",
            "entries": entries, "optimum_ppm": optimum, "separated_optimum_ppm": separated,
            "fewest_neighbours": fewest, "order": order, "separated_order": separated_order,
        })  # fmt: skip
    made.sort(key=lambda line: ("ums".index(line["name"][0]), line["name"]))
    write(OPTIMA, made)


# ---- Guarantees ------------------------------------------------------------------------------------------------------

SAME = [10_000] * 9
GUARANTEE_CASES = [  # name, durations in ms, longest gaps from start to start in s, feasible, why
    ("g01", SAME, [20, 40, 40], True, "pinwheel {2,4,4}: density exactly 1, and the windows divide each other"),
    ("g02", SAME, [30, 30, 30], True, "pinwheel {3,3,3}: density exactly 1, in turns"),
    ("g03", SAME, [30, 40, 50, 200], True, "pinwheel {3,4,5,20}: density 5/6, the most that is always possible"),
    ("g04", SAME, [20, 30, 70], False, "pinwheel {2,3,7}: density 41/42, but the first two leave no third slot free"),
    ("g05", SAME, [20, 30, 600], False, "pinwheel {2,3,60}: density 0.85; {2,3,x} is impossible for every x"),
    ("g06", SAME, [20, 30, 50, 50], False, "density 1.23: more time is needed than there is"),
    ("g07", [30_000, 20_000], [60, 30], False, "density 7/6 with unequal durations"),
    ("g08", [5_000, 30_000], [30, 600], False, "density 0.22, but the long one alone (30 s) outlasts 30 s less 5 s"),
    ("g09", [5_000, 30_000], [35, 600], True, "as g08 with a window of exactly own and other duration: in turns"),
    ("g10", [15_000] * 3, [44, 59, 600], False, "density 0.62, but in whole slots of 15 s it is {2,3,40}"),
    ("g11", [25_000, 10_000, 5_000], [100, 35, 45], False, "density 0.65, each window holds own and longest other: "
     "0 must have 1 directly before and after it, and 2 cannot outwait 1 0 1: 5 + 45 s > 45 s"),
    ("g12", [10_000, 30_000, 10_000, 20_000], [40, 80, 80, 80], True, "density 1, durations unequal: 0 1 0 2 3"),
]  # fmt: skip


def perpetual(entries):
    """A cycle of keys that keeps all gaps for ever, or None when the search through all states finds none.

    A state is how long ago each began. All zero at first is the kindest state there is. Pauses need not be tried:
    taking one out makes no gap longer. For ever means: along a path that comes back to a state it has been in.
    """
    start = (0,) * len(entries)

    def moves(state):
        return iter(sorted(range(len(entries)), key=lambda i: -state[i]))

    path, states, choices, on_path, dead = [], [start], [moves(start)], {start: 0}, set()
    while states:
        i = next(choices[-1], None)
        if i is None:
            gone = states.pop()
            choices.pop()
            del path[-1:], on_path[gone]
            dead.add(gone)
            continue
        aged = tuple((0 if j == i else age) + entries[i]["duration"] for j, age in enumerate(states[-1]))
        if aged in dead or any(age > e["max_gap"] for age, e in zip(aged, entries)):
            continue
        path.append(i)
        if aged in on_path:
            return [entries[k]["key"] for k in path[on_path[aged] :]]
        on_path[aged] = len(states)
        states.append(aged)
        choices.append(moves(aged))
    return None


def keeps(entries, cycle):
    """Whether a cycle, shown twice, keeps all gaps."""
    for e in entries:
        times, now = [], 0
        for key in cycle * 2:
            if key == e["key"]:
                times.append(now)
            now += next(o["duration"] for o in entries if o["key"] == key)
        if not times or any(b - a > e["max_gap"] for a, b in itertools.pairwise(times)):
            return False
    return True


def make_guarantees():
    made = []
    for name, durations, gaps, feasible, why in GUARANTEE_CASES:
        rows = enumerate(zip(durations, gaps))
        entries = [{"key": i, "duration": d, "max_gap": gap * 1000} for i, (d, gap) in rows]
        made.append({"name": name, "entries": entries, "feasible": feasible, "why": why, "cycle": perpetual(entries)})
    write(GUARANTEES, made)


# ---- Files and checks ------------------------------------------------------------------------------------------------


def write(path, lines):
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines), encoding="utf-8")


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def check():
    tiny = 0
    for line in read(OPTIMA):
        entries, optimum, separated = line["entries"], line["optimum_ppm"], line["separated_optimum_ppm"]
        fewest = line["fewest_neighbours"]
        assert value(entries, line["order"])[0] == optimum, line["name"]
        assert value(entries, line["separated_order"]) == (separated, fewest), line["name"]
        assert fewest == fewest_clashes(entries), line["name"]
        assert refute(entries, optimum) and refute(entries, separated, fewest), line["name"]
        # The search is able to fail: it finds the very order when only a little more is allowed.
        assert not refute(entries, optimum + 1) and not refute(entries, separated + 1, fewest), line["name"]
        if orders_of(entries) <= 30_000:
            tiny += 1
            assert brute_force(entries) == (optimum, separated), line["name"]
    for line in read(GUARANTEES):
        cycle = perpetual(line["entries"])
        assert line["feasible"] == (cycle is not None), line["name"]
        assert not line["feasible"] or keeps(line["entries"], line["cycle"]), line["name"]
    print(f"all proven again by search, {tiny} of them also by measuring every order")


def means():
    lines = read(OPTIMA)
    for group in ("u", "m", "s", ""):
        of = [line for line in lines if line["name"].startswith(group)]
        mean = lambda field: sum(line[field] for line in of) / len(of) / 1e6
        print(f"{group or 'all'} ({len(of)}): {mean('optimum_ppm'):.4f}, separated {mean('separated_optimum_ppm'):.4f}")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="only check the files")
    if not arguments.parse_args().check:
        make_optima()
        make_guarantees()
    check()
    means()
