"""The long tests of docs/reliability.md: each fault of a table, how often it was tried and how often it did harm.

    python tests/soak                    # every part, at length, from an installed nnfast: hours
    python tests/soak forks kills        # some of them
    python tests/soak forks --short      # as tests/test_soak.py runs it: seconds; writes no log
    python tests/soak --page             # docs/reliability.md from the logs that are there

A part is a module of soak/parts: its first line is its title, and ``rows(size)`` yields a `Row` for each fault. Several
parts run each in a process of its own, one after the other, whatever becomes of them. The exit code is 0 if every row
holds.
"""
