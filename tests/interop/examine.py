"""Examines a bundle as a stranger would who has FORMAT.md and no program of ours.

The signatures are checked by pycose, CBOR is read by cbor2, signed notes and the Merkle proofs by what RFC 9162 and the C2SP
texts say. Prints one JSON object; ends with an error at the first thing that does not hold.

    examine.py BUNDLE PUBLISHING_KEY [WITNESS_FILE]
"""

import base64
import hashlib
import json
import sys
import uuid

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pycose.keys import OKPKey
from pycose.keys.curves import Ed25519
from pycose.messages import Sign1Message


def sha256(data):
    return hashlib.sha256(data).digest()


def cose(signed, key, aad):
    """The payload of a COSE_Sign1 that this key has signed for this purpose."""
    message = Sign1Message.decode(b"\xd2" + signed)  # ours are untagged
    message.external_aad = aad
    message.key = OKPKey(crv=Ed25519, x=key)
    assert message.verify_signature(), "the signature does not hold"
    return cbor2.loads(message.payload)


def column(data, count):
    """The numbers of a column, by FORMAT.md."""
    numbers, at = [], 0
    while at < len(data):
        token, shift = 0, 0
        while True:
            byte = data[at]
            token |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                break
        if token & 1:
            numbers.append(token >> 1)
        else:
            assert token > 0, "a run of no zeros"
            numbers += [0] * (token >> 1)
    assert len(numbers) <= count and (not numbers or numbers[-1] != 0)
    return numbers + [0] * (count - len(numbers))


def signed(number):
    return -(number + 1) // 2 if number & 1 else number // 2


def plays_of(batch):
    """The plays of a batch of version 2, as version 1 would list them (without pictures)."""
    sealed, plays, seen = batch[5], [], set()
    for zone, count, *columns, shows in batch[8]:
        items, planned, starts, monotonics, actuals, outcomes = (column(data, count) for data in columns)
        shows, zone_plays, followed, lengths = iter(shows), [], {}, {}
        for n in range(count):
            three = tuple(play[0] for play in zone_plays[-3:]) if n >= 3 else None
            unseen = next(i for i in range(len(seen) + 1) if i not in seen)
            item = items[n] - 1 if items[n] else followed.get(three, unseen)
            if three:
                followed[three] = item
            seen.add(item)
            before = zone_plays[-1] if n else None
            length = signed(planned[n]) + lengths.get(item, before[4] if n else 0)
            lengths[item] = length
            start = signed(starts[n]) + (before[2] + before[4] if n else sealed)
            monotonic = signed(monotonics[n]) + (before[3] + start - before[2] if n else 0)
            status, trigger = outcomes[n] & 3, outcomes[n] >> 2
            trigger = [2, next(shows)] if trigger == 2 else trigger
            zone_plays.append([item, zone, start, monotonic, length, None, status, trigger])
        for n, play in enumerate(zone_plays):
            until = zone_plays[n + 1][3] - play[3] if n + 1 < count else None
            expected = until if until is not None and abs(until - play[4]) <= 500 else play[4]
            play[5] = expected + signed(actuals[n])
        assert next(shows, None) is None
        plays += zone_plays
    assert all(play[0] < len(batch[7]) and play[4] >= 0 and play[5] >= 0 for play in plays)
    return plays


def marks(things):
    return b"".join(sha256(cbor2.dumps(thing))[:4] for thing in things)


def note(text):
    """A signed note: its text, and what stands behind each name."""
    body, _, lines = text.rpartition("\n\n")
    signatures = [line[2:].split(" ") for line in lines.splitlines()]
    return body + "\n", [(name, base64.b64decode(signature)) for name, signature in signatures]


def key_of(text):
    name, key_id, encoded = text.split("+", 2)
    raw = base64.b64decode(encoded)
    assert sha256(name.encode() + b"\n" + raw)[:4].hex() == key_id
    return name, bytes.fromhex(key_id), raw[0], Ed25519PublicKey.from_public_bytes(raw[1:])


def checkpoint(text, log_key):
    name, key_id, kind, key = key_of(log_key)
    assert kind == 1
    body, signatures = note(text)
    own = [s for n, s in signatures if n == name and s[:4] == key_id]
    assert len(own) == 1
    key.verify(own[0][4:], body.encode())
    origin, size, root = body.splitlines()
    assert origin == name
    return int(size), base64.b64decode(root)


def included(leaf, index, size, path, root):
    """RFC 9162, 2.1.3.2."""
    assert index < size
    fn, sn, r = index, size - 1, leaf
    for p in path:
        assert sn != 0
        if fn & 1 or fn == sn:
            r = sha256(b"\x01" + p + r)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\x01" + r + p)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0 and r == root, "the proof leads elsewhere"


def witnessed(path):
    head, log, witness, *lines = open(path, encoding="utf-8").read().splitlines()
    assert head == "xuanping-witness/1"
    log, (name, key_id, kind, key) = log.removeprefix("log "), key_of(witness.removeprefix("witness "))
    assert kind == 4
    seen = {}
    for line in lines:
        size, root, signature = line.split(" ")
        signature = base64.b64decode(signature)
        assert signature[:4] == key_id
        at = int.from_bytes(signature[4:12], "big")
        origin = log.split("+")[0]
        key.verify(signature[12:], f"cosignature/v1\ntime {at}\n{origin}\n{size}\n{root}\n".encode())
        seen[int(size)] = base64.b64decode(root)
    return log, seen


def judgements(statement, playlists, text):
    """What the office held of the plays, as far as it can be read without its rules, and the edges of each chain."""
    screens, listed = statement[5], statement[8]
    rules, named, told, held = statement[11]
    assert rules == 1 and len(told) == len(screens) and len(held) == len(listed)
    assert [[sha256(body), len(body)] for body in playlists] == named
    assert [name for name, _ in named] == sorted(name for name, _ in named)
    for said, (_, flags) in zip(listed, held, strict=True):
        flag = 0
        for step in column(flags, len(said[7]) // 4):
            flag ^= step
            assert flag <= 10, "a rule that is not known"
    lines = [line.split(",", 2) for line in text.decode().splitlines()[1:]]
    asked_for = {(screen, int(sequence)) for screen, sequence, _ in lines}
    for nth, (screen, newest) in enumerate((screen[0], told[1]) for screen, told in zip(screens, told, strict=True)):
        sequences = [said[1] for said in listed if said[0] == nth]
        name = str(uuid.UUID(bytes=screen))
        assert sequences[0] == 1 or (name, sequences[0]) not in asked_for, "nothing before what was asked for"
        last = sequences[-1]
        assert last == newest or (last < newest and (name, last) not in asked_for), "nothing after it"


def key_changes(statement, publisher):
    """The keys of each screen with the first batch each signs, and the batch before each change."""
    keys = [[(1, key)] for _, _, _, key in statement[5]]
    before = {}
    changes = statement.get(12, [])
    assert [nth for nth, _ in changes] == sorted(nth for nth, _ in changes)
    for nth, signed in changes:
        screen, (first, old) = statement[5][nth][0], keys[nth][-1]
        said, proof = cose(signed, old, b"xuanping/key-change/1")
        change = cbor2.loads(said)
        new, start, previous = change[2], change[3], change[4]
        Ed25519PublicKey.from_public_bytes(new).verify(proof, b"xuanping/new-key/1\0" + said)
        permit = cose(change[6], publisher, b"xuanping/key-permit/1")
        assert permit[0] == change[0] == screen and permit[1] == sha256(old), "the office permitted another change"
        assert change[1] == old and start >= first and new not in [key for _, key in keys[nth]]
        assert (start == 1) == (previous == bytes(32))
        keys[nth].append((start, new))
        before[screen, start - 1] = previous
    return keys, before


def main():
    data = open(sys.argv[1], "rb").read()
    magic = b"xuanping-bundle/"
    assert data.startswith(magic) and data[17:18] == b"\n"
    at, frames = 18, []
    while at < len(data):
        kind, length = data[at], int.from_bytes(data[at + 1 : at + 5], "big")
        frames.append((kind, data[at + 5 : at + 5 + length]))
        at += 5 + length
    assert at == len(data)
    publisher = bytes.fromhex(sys.argv[2])
    statement = cose(frames[0][1], publisher, b"xuanping/bundle/1")
    version = statement[0]
    assert version in (2, 3, 4) and data[16:17] == b"%d" % version and statement[1] == publisher
    screens, listed, records = statement[5], statement[8], statement[9]
    log_key, proofs = statement[10]
    batches = [body for kind, body in frames if kind == 2]
    texts = [body for kind, body in frames if kind == 3]
    proven = [body for kind, body in frames if kind == 4]
    playlists = [body for kind, body in frames if kind == 5]
    assert [kind for kind, _ in frames] == [1] + [2] * len(listed) + [3] + [4] * len(listed) + [5] * len(playlists)
    assert (version == 4) == bool(statement.get(12))
    keys, before = key_changes(statement, publisher)
    if version >= 3:
        judgements(statement, playlists, texts[0])
    else:
        assert not playlists
    plays = 0
    previous = {}
    checkpoints = {}
    for said, body, (length, digest), proof in zip(listed, batches, proofs, proven, strict=True):
        assert sha256(body) == said[3] and len(body) == said[2]
        screen = screens[said[0]][0]
        key = [key for start, key in keys[said[0]] if start <= said[1]][-1]
        assert before.get((screen, said[1]), sha256(body)) == sha256(body), "the key was changed after another batch"
        written = cbor2.loads(cbor2.loads(body)[2])[0]
        batch = cose(body, key, b"xuanping/play-batch/%d" % written)
        assert written in (1, 2) and batch[1] == screen and batch[3] == said[1]
        if written == 2:
            shown = plays_of(batch)
            pictures = [[digest for at, digest in batch.get(9, []) if at == n] for n in range(len(shown))]
            shown = [play + [taken] for play, taken in zip(shown, pictures, strict=True)]
            # The marks are of what our program read: so both read the same.
            assert marks(shown) == said[7], "the plays read otherwise"
            assert marks([[batch[6][p] if p is not None else None, *rest] for p, *rest in batch[7]]) == said[6]
        else:
            shown = batch[7]
        if (screen, batch[3] - 1) in previous:
            assert batch[4] == previous[screen, batch[3] - 1], "the chain is broken"
        previous[screen, batch[3]] = sha256(body)
        plays += len(shown)
        assert sha256(proof) == digest and len(proof) == length
        head, signed = proof.decode().split("\n\n", 1)
        header, index, *path = head.split("\n")
        assert header == "c2sp.org/tlog-proof@v1"
        size, root = checkpoints.setdefault(signed, checkpoint(signed, log_key))
        entry = cbor2.dumps([1, screen, batch[3], sha256(body)])
        path = [base64.b64decode(p) for p in path]
        included(sha256(b"\x00" + entry), int(index.removeprefix("index ")), size, path, root)
    assert sha256(texts[0]) == records[2] and texts[0].count(b"\n") == records[0] + 1
    if len(sys.argv) > 3:
        log, seen = witnessed(sys.argv[3])
        assert log == log_key
        for size, root in checkpoints.values():
            assert seen[size] == root, "the witness saw something else"
    print(json.dumps({"batches": len(batches), "plays": plays, "records": records[0]}))


main()
