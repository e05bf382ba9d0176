"""Makes promised.jsonl, or checks it (--check, which needs no solver). See README.md.

`kept` loops have given counts: the order that keeps every promise with the fewest neighbours of one class and, of these, with
the smallest worst gap, proven by CP-SAT. `asked` requests leave the counts open: whether any loop whatsoever keeps the gaps
and shows everything is decided by a walk through all states. All times are integers.
"""

import argparse
import itertools
import json
import math
import random
import sys
from pathlib import Path

SEED = 31
FILE = Path(__file__).resolve().parent / "promised.jsonl"
HOUR = 3_600_000

# ---- What is measured ------------------------------------------------------------------------------------------------


def promises(part):
    """(starts, within): so many showings begin in any stretch of so many ms."""
    made = [(part["per_hour"], HOUR)] if part.get("per_hour") else []
    return made + ([(1, part["max_gap_minutes"] * 60_000)] if part.get("max_gap_minutes") else [])


def tracks(parts):
    """What is spread evenly: all entries of a guarantee together, each entry of anything else."""
    for part in parts:
        if part["demand"] == "guarantee":
            yield part["entries"], promises(part)
        else:
            for entry in part["entries"]:
                yield [entry], []


def measured(parts, order):
    """(ppm, neighbours of one class, whether every promise is kept) of an order: a list of keys, one per slot."""
    entries = {e["key"]: e for part in parts for e in part["entries"]}
    length = sum(entries[key]["duration"] for key in order)
    worst, kept = 0, True
    for of, promised in tracks(parts):
        keys, now, starts = {e["key"] for e in of}, 0, []
        for key in order:
            if key in keys:
                starts.append(now)
            now += entries[key]["duration"]
        plays = len(starts)
        if not plays:
            kept = kept and not promised
            continue
        after = lambda k, n: starts[(k + n) % plays] + (k + n) // plays * length - starts[k]
        worst = max(worst, plays * max(after(k, 1) for k in range(plays)))
        kept = kept and all(after(k, n) <= within for n, within in promised for k in range(plays))
    alike = sum(entries[order[i - 1]]["class"] == entries[order[i]]["class"] for i in range(len(order)))
    return worst * 1_000_000 // length, alike, kept


# ---- The best order of given counts ----------------------------------------------------------------------------------


def best(parts):
    """(ppm, neighbours, order) of the best order that keeps every promise; None if CP-SAT proves that there is none."""
    from ortools.sat.python import cp_model

    unit = math.gcd(*(e["duration"] for part in parts for e in part["entries"]))
    rows = [(entries, promised, sum(e["count"] for e in entries)) for entries, promised in tracks(parts)]
    loop = sum(e["duration"] // unit * e["count"] for entries, _, _ in rows for e in entries)
    first = min(range(len(rows)), key=lambda t: rows[t][2])
    model = cp_model.CpModel()
    start, size, kind, which, spans = {}, {}, {}, {}, []
    for t, (entries, _, count) in enumerate(rows):
        for k in range(count):
            s = (t, k)
            start[s] = model.new_int_var(0, 0 if s == (first, 0) else loop - 1, f"s{s}")
            if len(entries) == 1:
                size[s], kind[s] = entries[0]["duration"] // unit, entries[0]["class"]
            else:
                which[s] = [model.new_bool_var(f"w{s}{e}") for e in range(len(entries))]
                model.add_exactly_one(which[s])
                size[s], kind[s] = (model.new_int_var(0, loop, f"{what}{s}") for what in "dc")
                model.add(size[s] == sum(w * (e["duration"] // unit) for w, e in zip(which[s], entries)))
                model.add(kind[s] == sum(w * e["class"] for w, e in zip(which[s], entries)))
            end = model.new_int_var(0, loop, f"e{s}")
            spans.append(model.new_interval_var(start[s], size[s], end, f"i{s}"))
            if k:
                model.add(start[t, k - 1] < start[s])
        if len(entries) > 1:
            for e, entry in enumerate(entries):
                model.add(sum(which[t, k][e] for k in range(count)) == entry["count"])
    model.add_no_overlap(spans)
    worst = model.new_int_var(loop, loop * max(count for _, _, count in rows), "worst")
    for t, (_, promised, count) in enumerate(rows):
        after = lambda k, n: start[t, (k + n) % count] + (k + n) // count * loop - start[t, k]
        for k in range(count):
            model.add(count * after(k, 1) <= worst)
            for n, within in promised:
                model.add(after(k, n) <= within // unit)
    showings = sorted(start, key=lambda s: s != (first, 0))
    arcs, alike = [], []
    for (i, a), (j, b) in itertools.permutations(enumerate(showings), 2):
        if a[0] == b[0] and (a[1] + 1) % rows[a[0]][2] != b[1]:
            continue
        follows = model.new_bool_var(f"{a}{b}")
        arcs.append((i, j, follows))
        model.add((start[b] if j else loop) == start[a] + size[a]).only_enforce_if(follows)
        if a not in which and b not in which:
            if kind[a] == kind[b]:
                alike.append(follows)
            continue
        same = model.new_bool_var(f"={a}{b}")  # At least wherever the kinds are the same: fewer is better.
        higher = model.new_bool_var(f">{a}{b}")
        model.add(kind[a] >= kind[b] + 1).only_enforce_if(~same, higher)
        model.add(kind[a] <= kind[b] - 1).only_enforce_if(~same, ~higher)
        both = model.new_bool_var(f"&{a}{b}")
        model.add_bool_or(~follows, ~same, both)
        alike.append(both)
    model.add_circuit(arcs)

    def solved(objective):
        model.minimize(objective)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = SEED
        solver.parameters.max_time_in_seconds = 40
        status = solver.solve(model)
        if status == cp_model.INFEASIBLE:
            return None
        if status != cp_model.OPTIMAL:
            raise TimeoutError
        return solver

    solver = solved(sum(alike))
    if solver is None:
        return None
    fewest = round(solver.objective_value)
    model.add(sum(alike) <= fewest)
    for s in showings:
        model.add_hint(start[s], solver.value(start[s]))
    solver = solved(worst)

    def key(s):
        chosen = next((e for e, w in enumerate(which[s]) if solver.value(w)), 0) if s in which else 0
        return rows[s[0]][0][chosen]["key"]

    order = [key(s) for s in sorted(showings, key=lambda s: solver.value(start[s]))]
    ppm = round(solver.objective_value) * 1_000_000 // loop
    assert measured(parts, order) == (ppm, fewest, True), "the model and the measure agree"
    return ppm, fewest, order


# ---- Whether there is any loop ---------------------------------------------------------------------------------------


def any_loop(parts, most_states=60_000):
    """A loop that keeps all gaps for ever and shows everything, or None where no loop whatsoever does.

    Only for gaps, one entry a part. A state is how long ago each guaranteed one began; all zero is the kindest there is,
    and whatever goes on for ever can be begun there. A loop that shows everything is a closed walk: it is within one
    strongly connected component in which every entry is shown.
    """
    entries = [part["entries"][0] for part in parts]
    gap = [promises(part)[0][1] if part["demand"] == "guarantee" else None for part in parts]
    tight = [i for i, g in enumerate(gap) if g is not None]

    def moves(state):
        for i, entry in enumerate(entries):
            aged = tuple(0 + entry["duration"] if t == i else age + entry["duration"] for t, age in zip(tight, state))
            if all(age <= gap[t] for t, age in zip(tight, aged)):
                yield i, aged

    start = (0,) * len(tight)
    edges, queue = {start: list(moves(start))}, [start]
    while queue:
        for _, state in edges[queue.pop()]:
            if state not in edges:
                edges[state] = list(moves(state))
                queue.append(state)
                if len(edges) > most_states:
                    raise TimeoutError
    for component in components(edges):
        inside = [(s, i, t) for s in component for i, t in edges[s] if t in component]
        if {i for _, i, _ in inside} == set(range(len(entries))):
            return [entries[i]["key"] for i in tour(component, edges, inside, len(entries))]
    return None


def components(edges):
    """Tarjan's strongly connected components, without recursion."""
    index, low, on, stack, done = {}, {}, set(), [], []
    for root in edges:
        if root in index:
            continue
        work = [(root, iter(edges[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on.add(root)
        while work:
            state, rest = work[-1]
            for _, following in rest:
                if following not in index:
                    index[following] = low[following] = len(index)
                    stack.append(following)
                    on.add(following)
                    work.append((following, iter(edges[following])))
                    break
                if following in on:
                    low[state] = min(low[state], index[following])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[state])
                if low[state] == index[state]:
                    component = set()
                    while state not in component:
                        component.add(stack.pop())
                    on -= component
                    done.append(component)
    return done


def tour(component, edges, inside, entries):
    """A closed walk in a component that shows every entry: from one showing to the next by the shortest way."""

    def way(start, goal):
        before, queue = {start: None}, [start]
        for state in queue:
            if state == goal:
                steps = []
                while before[state]:
                    state, shown = before[state]
                    steps.append(shown)
                return steps[::-1]
            for i, following in edges[state]:
                if following in component and following not in before:
                    before[following] = (state, i)
                    queue.append(following)

    first = {i: (s, t) for s, i, t in reversed(inside)}
    at = begun = first[0][0]
    walk = []
    for i in range(entries):
        if i in walk:
            continue
        walk += way(at, first[i][0]) + [i]
        at = first[i][1]
    return walk + way(at, begun)


# ---- Instances -------------------------------------------------------------------------------------------------------


def parts_of(rng, several):
    """Guarantees and shares, or guarantees and fillers."""
    made, key = [], itertools.count()
    entry = lambda: {"key": next(key), "duration": rng.choice([5, 8, 10, 12, 15, 15, 20, 30]) * 1000, "class": rng.randint(0, 4)}
    for _ in range(rng.choice([1, 2, 2, 3, 3])):
        part = {"demand": "guarantee"}
        how = rng.choice(["gap", "gap", "hour", "both"]) if several else "gap"
        gap = rng.randint(1, 4)
        if how != "hour":
            part["max_gap_minutes"] = gap
        if how != "gap":
            part["per_hour"] = rng.randint(60 // gap, 90 // gap)
        part["entries"] = [entry() for _ in range(rng.choice([1, 1, 2]) if several else 1)]
        made.append(part)
    other = rng.choice(["share", "share", "filler"])
    for _ in range(rng.randint(1, 3)):
        made.append({"demand": other, "entries": [entry()]})
    return made


def counted(rng, parts):
    """Gives counts for a loop of a few minutes; False if that is too little for a promise, or too many slots."""
    target = rng.randint(100, 400) * 1000
    for part in parts:
        entries = part["entries"]
        plays = max([-(-n * target // within) for n, within in promises(part)], default=rng.randint(1, 4))
        plays = max(plays, len(entries))
        for i, entry in enumerate(entries):
            entry["count"] = (plays + len(entries) - 1 - i) // len(entries)
    length = sum(e["duration"] * e["count"] for part in parts for e in part["entries"])
    slots = sum(e["count"] for part in parts for e in part["entries"])
    of = lambda part: sum(e["count"] for e in part["entries"])
    enough = all(of(part) * within >= n * length for part in parts for n, within in promises(part))
    tight = any(of(part) * within <= 1.3 * n * length for part in parts for n, within in promises(part))
    return enough and tight and 8 <= slots <= 18


def weighed(parts):
    """Gives shares a weight."""
    for part in parts:
        if part["demand"] == "share":
            part["weight"] = sum(e["duration"] * e["count"] for e in part["entries"]) // 1000
    return parts


def make():
    rng, made, wanted = random.Random(SEED), [], {"kept": 36, "broken": 8, "fits": 14, "never": 14}
    while wanted["kept"] or wanted["broken"]:
        parts = parts_of(rng, several=True)
        if not counted(rng, parts):
            continue
        try:
            found = best(parts)
        except TimeoutError:
            continue
        group = "broken" if found is None else "kept"
        perfect = found and found[0] < 1_010_000
        if wanted[group] and not (perfect and rng.random() < 0.9):
            wanted[group] -= 1
            ppm, fewest, order = found or (None, None, None)
            made.append({"group": group, "parts": weighed(parts), "optimum_ppm": ppm, "fewest_neighbours": fewest, "order": order})
            print(group, wanted, ppm, file=sys.stderr)
    while wanted["fits"] or wanted["never"]:
        parts = parts_of(rng, several=False)
        for part in parts:
            part["entries"][0]["count"] = rng.randint(1, 4)
        need = sum(p["entries"][0]["duration"] / promises(p)[0][1] for p in parts if p["demand"] == "guarantee")
        if not 0.7 <= need <= 1.0 or len(parts) < 3:
            continue  # Neither easy nor refuted by adding up.
        try:
            order = any_loop(parts)
        except TimeoutError:
            continue
        group = "never" if order is None else "fits"
        if wanted[group]:
            wanted[group] -= 1
            for part in weighed(parts):
                del part["entries"][0]["count"]
            made.append({"group": group, "parts": parts, "order": order})
            print(group, wanted, need, order and len(order), file=sys.stderr)
    made.sort(key=lambda line: ["kept", "broken", "fits", "never"].index(line["group"]))
    for n, line in enumerate(made):
        of = [other for other in made[:n] if other["group"] == line["group"]]
        made[n] = {"name": f"{line['group']}{len(of) + 1:02}", **line}
    FILE.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in made), encoding="utf-8")


# ---- Checks ----------------------------------------------------------------------------------------------------------


def orders(parts):
    """Every order of given counts, turned so that one showing of the rarest entry is its first."""
    counts = {e["key"]: e["count"] for part in parts for e in part["entries"]}
    rarest = min(counts, key=counts.get)
    counts[rarest] -= 1

    def rest(order):
        if not any(counts.values()):
            yield order
        for key in counts:
            if counts[key]:
                counts[key] -= 1
                yield from rest(order + [key])
                counts[key] += 1

    return rest([rarest])


def ways(parts):
    counts = [e["count"] for part in parts for e in part["entries"]]
    many = math.factorial(sum(counts) - 1) // min(counts)
    for n in counts:
        many //= math.factorial(n)
    return many * min(counts) * min(counts)


def check():
    tiny = 0
    for line in (json.loads(text) for text in FILE.read_text(encoding="utf-8").splitlines()):
        parts, order, group = line["parts"], line["order"], line["group"]
        if group in ("kept", "fits"):
            assert {e["key"] for part in parts for e in part["entries"]} == set(order), line["name"]
        if group == "kept":
            assert measured(parts, order) == (line["optimum_ppm"], line["fewest_neighbours"], True), line["name"]
        if group in ("kept", "broken") and ways(parts) <= 400_000:
            tiny += 1
            all_orders = (measured(parts, order) for order in orders(parts))
            least = min(((alike, ppm) for ppm, alike, kept in all_orders if kept), default=(None, None))
            assert least == (line["fewest_neighbours"], line["optimum_ppm"]), line["name"]
        if group in ("fits", "never"):
            assert (any_loop(parts) is None) == (group == "never"), line["name"]
        if group == "fits":
            assert measured(parts, order)[2], line["name"]
    print(f"all checked, {tiny} of them by measuring every order")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="only check the file")
    if not arguments.parse_args().check:
        make()
    check()
