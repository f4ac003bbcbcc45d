"""Reads pytest's JUnit file and fails if a test was skipped without a documented reason.

With ``--count`` it prints how many passed and how many failed instead.
"""

import sys
import xml.etree.ElementTree as ET

# A skip whose message holds one of these is a fact about the machine, not a missing peer.
DOCUMENTED = ("this CPU cannot run",)


def main() -> int:
    cases = list(ET.parse(sys.argv[-1]).getroot().iter("testcase"))
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = [(case, case.find("skipped")) for case in cases]
    reasons = {
        f"{case.get('classname')}::{case.get('name')}: {skip.get('message')}"
        for case, skip in skipped
        if skip is not None
    }
    if sys.argv[1] == "--count":
        print(len(cases) - len(failed) - len(reasons), len(failed))
        return 0
    undocumented = sorted(reason for reason in reasons if not any(text in reason for text in DOCUMENTED))
    print(*undocumented, sep="\n")
    print(f"{len(cases)} tests, {len(reasons)} skipped, {len(undocumented)} of them without a documented reason")
    return 1 if undocumented else 0


if __name__ == "__main__":
    sys.exit(main())
