#!/usr/bin/env python3
"""Build seed-data/grading/evidence.example.json: a small synthetic evidence file for `mingzheng grade run`.

    grading_example.py > seed-data/grading/evidence.example.json

Nobody in it exists. The output is the same byte for byte.
"""

import json
from datetime import date, timedelta

seed = 20260331


def below(most):
    global seed
    seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
    return (seed >> 33) % most


def on(start, days):
    return (date.fromisoformat(start) + timedelta(days)).isoformat()


# id, district, previous grade, third party's score, trainees, level of disability, share in work (of 10), liked
SCHOOLS = [
    ("i-severe", "370102", "B", 88, 36, 1, 6, 4),
    ("i-large", "370200", "B", 75, 60, 3, 6, 4),
    ("i-small", "370300", None, 70, 12, 3, 5, 5),
    ("i-weak", "370400", "C", 52, 40, 4, 1, 2),
]
WORK = ["contract", "centralised", "public_welfare_post", "flexible"]
PROOF = [
    [{"tier": "A", "source": "social_insurance"}],
    [{"tier": "B", "source": "labour_contract"}, {"tier": "B", "source": "bank_wages"}],
    [{"tier": "C", "source": "institution"}],
]

tables = {name: [] for name in ["outages", "institutions", "cohorts", "enrolments", "episodes", "surveys"]}
tables["outages"].append({"province": "370000", "source": "social_insurance", "from": "2025-02-01", "until": "2025-02-16"})
for school, district, previous, score, trainees, level, working, liked in SCHOOLS:
    tables["institutions"].append({
        "id": school, "federation": "370000", "district": district, "previous_grade": previous, "third_party_score": score,
    })
    cohort, start = school.replace("i-", "c-"), "2024-05-06"
    end = on(start, 60)
    tables["cohorts"].append({
        "id": cohort, "institution": school, "start": start, "end": end, "planned_hours": 240, "purpose": "employment",
        "certifiable": True,
    })
    for at in range(1, trainees + 1):
        name = school.replace("i-", "") + f"-{at:02}"
        completed = below(10) < 8
        left = end if completed else on(start, 5 + below(50))
        excluded = {"code": "X2", "date": on(left, 20)} if below(25) == 0 else None
        tables["enrolments"].append({
            "id": "e-" + name, "person": "p-" + name, "cohort": cohort, "household_province": "370000",
            "disability_category": 1 + below(7), "disability_level": min(4, level + below(2)),
            "attended_hours": 240 if completed else 6 + below(150), "exit_date": left, "completed": completed,
            "certified": completed and below(10) < 7, "employed_at_enrolment": below(30) == 0, "exclusion": excluded,
        })
        if below(10) < working:
            first = on(left, 5 + below(180))
            tables["episodes"].append({
                "id": "w-" + name, "person": "p-" + name, "type": WORK[below(4)], "employer": f"b-{below(20)}", "start": first,
                "last_day": None if below(10) < 7 else on(first, 20 + below(300)), "related_to_institution": None,
                "evidence": PROOF[0 if below(10) < 7 else 1 + below(2)], "contest": None,
            })
        if below(10) < 7:
            tables["surveys"].append({
                "enrolment": "e-" + name, "items": [max(1, min(5, liked + below(3) - 1)) for _ in range(5)],
                "submitted": on(left, 3 + below(20)), "seq": len(tables["surveys"]) + 1, "flagged": below(20) == 0,
            })

print('{"format": 1, "freeze": "2026-03-31"', end="")
for name, rows in tables.items():
    print(f',\n"{name}": [\n' + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]", end="")
print("}")
