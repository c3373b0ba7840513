"""Check an exported piece of the log: python audit-check.py FILE.jsonl [HEAD]. Needs Python, nothing else."""

import hashlib
import json
import sys


def check(path, head=None):
    prev = seq = None
    seen = head is None
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            told = event.pop("hash")
            text = json.dumps(event, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            if prev is not None and (event["prev"], event["seq"]) != (prev, seq + 1):
                return f"event {event['seq']} does not follow event {seq}"
            if hashlib.sha256(text.encode("utf-8")).hexdigest() != told:
                return f"event {event['seq']} was changed"
            prev, seq, seen = told, event["seq"], seen or told.startswith(head)
    return None if seen else f"no event has the head {head}"


if __name__ == "__main__":
    wrong = check(*sys.argv[1:3])
    print(wrong or "sound")
    sys.exit(1 if wrong else 0)
