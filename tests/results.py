#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tells what a log of meson's holds, one line a test: PASS, FAIL, or SKIP with the reason; PART for
each case that a test left out.

results.py TIER LOG.json"""
import json
import re
import sys

VERDICTS = {'OK': 'PASS', 'EXPECTEDFAIL': 'PASS', 'SKIP': 'SKIP'}
# cmocka's and unittest's ways to say it
LEFT_OUT = re.compile(r"^\[  SKIPPED \] (\w+)$|^(\w+) .*\.\.\. (skipped .*)$", re.MULTILINE)


def main():
    tier, log = sys.argv[1:]
    with open(log, encoding='utf-8') as lines:
        for test in map(json.loads, lines):
            verdict = VERDICTS.get(test['result'], 'FAIL')
            output = test.get('stdout', '') + test.get('stderr', '')
            reason = ''
            if verdict == 'SKIP':
                reason = ': ' + (output.strip() or 'it does not say why').splitlines()[-1]
            elif verdict == 'FAIL':
                reason = f": {test['result'].lower()}"
            print(f"{verdict}  {tier}: {test['name']}{reason}")
            for case in dict.fromkeys(LEFT_OUT.findall(output)):
                print(f"PART  {tier}: {test['name']}: without", ' '.join(filter(None, case)))


main()
