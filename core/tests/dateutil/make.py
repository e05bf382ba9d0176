"""Writes rules.txt: 5,000 random rules with the days that python-dateutil finds. Run: python make.py > rules.txt

One line a rule: first day; rule; first day of the range; days in the range; offsets of the days found, from the range's first.
Left out, because dateutil is known to err or to read RFC 5545 otherwise: plain and numbered BYDAY in one rule.
"""

import datetime as dt
import random

from dateutil.rrule import rrulestr

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def some(of, most):
    return sorted(random.sample(of, random.randint(1, min(most, len(of)))))


def rule():
    freq = random.choice(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
    parts = [f"FREQ={freq}"]
    often = {"DAILY": 12, "WEEKLY": 6, "MONTHLY": 5, "YEARLY": 3}[freq]
    if random.random() < 0.5:
        parts.append(f"INTERVAL={random.randint(1, often)}")
    if random.random() < 0.2:
        parts.append(f"COUNT={random.randint(1, 40)}")
    by = False
    if random.random() < 0.3:
        parts.append("BYMONTH=" + ",".join(map(str, some(list(range(1, 13)), 4))))
        by = True
    if freq == "YEARLY" and random.random() < 0.2:
        parts.append("BYYEARDAY=" + ",".join(map(str, some([d for d in range(-366, 367) if d], 5))))
        by = True
    elif freq != "WEEKLY" and random.random() < 0.35:
        parts.append("BYMONTHDAY=" + ",".join(map(str, some([d for d in range(-31, 32) if d], 5))))
        by = True
    if random.random() < 0.5:
        days = some(range(7), 4)
        if freq in ("MONTHLY", "YEARLY") and "BYMONTHDAY" not in str(parts) and "BYYEARDAY" not in str(parts) and random.random() < 0.6:
            most = 5 if freq == "MONTHLY" or "BYMONTH=" in str(parts) else 53
            numbers = [n for n in range(-min(most, 4 if most == 5 else 52), most + 1) if n]
            parts.append("BYDAY=" + ",".join(f"{random.choice(numbers)}{DAYS[d]}" for d in days))
        else:
            parts.append("BYDAY=" + ",".join(DAYS[d] for d in days))
        by = True
    if by and freq in ("MONTHLY", "YEARLY") and random.random() < 0.25:
        parts.append("BYSETPOS=" + ",".join(map(str, some([1, 2, 3, -1, -2], 2))))
    if random.random() < 0.3:
        parts.append("WKST=" + random.choice(["MO", "SU", "WE"]))
    return ";".join(parts)


def main():
    random.seed(96110)
    done = 0
    while done < 5000:
        start = dt.date(2020, 1, 1) + dt.timedelta(days=random.randrange(2200))
        text = rule()
        first = start + dt.timedelta(days=random.choice([0, 0, random.randrange(900)]))
        length = random.choice([31, 62, 366, 1461])
        last = first + dt.timedelta(days=length - 1)
        noon = lambda day: dt.datetime.combine(day, dt.time())
        found = rrulestr(text, dtstart=noon(start)).between(noon(first), noon(last), inc=True)
        if len(found) > 14:
            length = (found[13].date() - first).days + 1
            found = found[:14]
        offsets = ",".join(str((day.date() - first).days) for day in found)
        print(f"{start};{text.replace(';', ' ')};{first};{length};{offsets}")
        done += 1


main()
