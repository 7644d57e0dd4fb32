#!/usr/bin/env python3
"""Recompute a grading run from its two files, with nothing but this file and the standard library.

    recompute.py --policy P.json --evidence E.json --out R.json [--explain] [--base BASE.json]

Written from the reference (grading.md sections 1 to 6, "Open evidence format", docs/formats.md) and not from the registry's
own program; both must write the same bytes. Integers only. P may be an override {base, changes}; then --base names its base.
The evidence is taken to be well-formed: checking it is the other program's work.

Exit code 0: R is written; 2: wrong use, or the policy is not what it should be.
"""

import argparse
import hashlib
import json
import sys
from collections import defaultdict
from datetime import date

RATES = ["EMP", "STB3", "STB6", "STB12", "CMP", "CRT"]
HORIZON = {"STB3": 90, "STB6": 180, "STB12": 365}
EMPLOYMENT_PURPOSES = {"employment", "entrepreneurship", "rural"}
ORDINARY_WORK = {"contract", "centralised", "public_sector", "public_welfare_post", "self_employment", "flexible"}
LETTERS = "ABCD"
MILLION = 10**6


# ---------------------------------------------------------------- numbers, dates, bytes

def rdiv(a, b):
    """Round half up; a >= 0, b > 0."""
    return (2 * a + b) // (2 * b)


def day(text):
    return date.fromisoformat(text).toordinal()


def utf8(text):
    return text.encode("utf-8")


def quoted(text):
    short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(short.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in text) + '"'


def canonical_text(value):
    """RFC 8785 for values without fractions."""
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical_text(one) for one in value) + "]"
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(quoted(name) + ":" + canonical_text(value[name]) for name in names) + "}"
    raise ValueError("a fraction has no place in these files")


def canonical(value):
    return canonical_text(value).encode("utf-8")


def evidence_digest(evidence):
    ordered = dict(evidence)
    for table in ("institutions", "cohorts", "enrolments"):
        ordered[table] = sorted(evidence[table], key=lambda row: utf8(row["id"]))
    ordered["episodes"] = [
        {**row, "evidence": sorted(row["evidence"], key=canonical)}
        for row in sorted(evidence["episodes"], key=lambda row: utf8(row["id"]))
    ]
    ordered["surveys"] = sorted(evidence["surveys"], key=lambda row: (utf8(row["enrolment"]), row["submitted"], row["seq"]))
    ordered["outages"] = sorted(evidence["outages"], key=canonical)
    return hashlib.sha256(canonical(ordered)).hexdigest()


# ---------------------------------------------------------------- policy

def policy_name(policy):
    return f"{policy['policy_id']}@{policy['version']}"


def load_policy(text, base_text):
    policy = json.loads(text)
    if "base" not in policy:
        return policy, policy_name(policy)
    if base_text is None:
        raise ValueError("an override needs --base")
    base = json.loads(base_text)
    if policy_name(base) != policy["base"]:
        raise ValueError("the override names another base")
    changes = policy["changes"]
    merged = json.loads(base_text)
    for grade, threshold in changes.get("grades", {}).items():
        merged["grades"][grade] = threshold
    for indicator, numbers in changes.get("indicators", {}).items():
        merged["indicators"][indicator].update(numbers)
    if "scope" in changes:
        merged["scope"] = changes["scope"]
    if "policy_id" in policy:
        return merged, policy_name(policy)
    return merged, policy["base"] + "+" + hashlib.sha256(canonical(changes)).hexdigest()[:16]


# ---------------------------------------------------------------- one person's enrolments

class Enrolment:
    """An enrolment with its cohort, and what becomes of it."""

    def __init__(self, row, cohort):
        self.id = row["id"]
        self.row = row
        self.cohort = cohort
        self.exit = day(row["exit_date"])
        self.start = day(cohort["start"])
        self.attached = False
        self.in_window = False
        self.exclusion = None
        self.qualifying = []
        self.conversion = None
        self.in_emp = False
        self.stable = {}

    @property
    def stratum(self):
        band = "S" if self.row["disability_level"] in (1, 2) else "M"
        return (self.row["disability_category"], band)

    @property
    def feeds_employment(self):
        return self.cohort["purpose"] in EMPLOYMENT_PURPOSES

    def later_than(self, other):
        mine = (self.exit, self.row["attended_hours"])
        theirs = (other.exit, other.row["attended_hours"])
        return mine > theirs or (mine == theirs and utf8(self.id) < utf8(other.id))


class Episode:
    def __init__(self, row, freeze):
        self.id = row["id"]
        self.row = row
        self.start = day(row["start"])
        self.last = freeze if row["last_day"] is None else min(day(row["last_day"]), freeze)
        pieces = row["evidence"]
        self.has_a = any(piece["tier"] == "A" for piece in pieces)
        b_sources = {piece["source"] for piece in pieces if piece["tier"] == "B"}
        proven = (self.has_a or len(b_sources) >= 2) and row.get("contest") in (None, "dismissed")
        decided = row.get("decided_at")
        undecided = row.get("claimed_at") is not None and (decided is None or day(decided) > freeze)
        self.verified = proven and not undecided
        self.pending = proven and undecided
        self.sources = {piece["source"] for piece in pieces if piece["tier"] in "AB"}

    def counts_for(self, enrolment):
        kind = self.row["type"]
        if kind in ORDINARY_WORK:
            return True
        if kind == "rural_production":
            return enrolment.cohort["purpose"] == "rural"
        if kind == "supported_work":
            category = enrolment.row["disability_category"]
            return category in (5, 6) or (category in (4, 7) and enrolment.row["disability_level"] in (1, 2))
        return False


class Run:
    def __init__(self, policy, evidence):
        self.policy = policy
        self.evidence = evidence
        self.freeze = day(evidence["freeze"])
        window = policy["window"]
        self.emp_days = window["emp_days"]
        self.grace = window["grace_days"]
        self.until = self.freeze - self.emp_days - self.grace
        self.after = self.until - window["window_days"]
        self.cohorts = {row["id"]: row for row in evidence["cohorts"]}
        self.enrolments = {row["id"]: Enrolment(row, self.cohorts[row["cohort"]]) for row in evidence["enrolments"]}
        self.by_person = defaultdict(list)
        for one in self.enrolments.values():
            self.by_person[one.row["person"]].append(one)
        self.work = defaultdict(list)
        for row in evidence["episodes"]:
            self.work[row["person"]].append(Episode(row, self.freeze))

    # section 2 and 3

    def attaches(self, e):
        attach = self.policy["attach"]
        hours = e.row["attended_hours"]
        return hours >= attach["min_hours"] or hours * 1000 >= attach["min_permille"] * e.cohort["planned_hours"]

    def qualifies(self, episode, e):
        rules = self.policy["emp"]
        if not episode.counts_for(e):
            return False
        if not e.start <= episode.start <= e.exit + self.emp_days:
            return False
        length = episode.last - episode.start
        if length < rules["min_days"] or episode.last <= e.exit:
            return False
        if episode.row["related_to_institution"] == e.cohort["institution"]:
            return episode.has_a and length >= rules["related_min_days"]
        return True

    def judge(self):
        for person, enrolments in self.by_person.items():
            work = self.work[person]
            for e in enrolments:
                e.in_window = self.after < e.exit <= self.until
                e.attached = self.attaches(e)
                e.qualifying = [w for w in work if w.verified and self.qualifies(w, e)]
            competing = [e for e in enrolments if e.attached and e.feeds_employment]
            marks = defaultdict(set)
            for e in competing:
                if e.row["employed_at_enrolment"]:
                    marks[e.id].add("X6")
                for f in competing:
                    if f is e or not f.later_than(e) or f.start > e.exit + self.emp_days:
                        continue
                    if any(w.start < f.start for w in e.qualifying):
                        marks[f.id].add("X6")
                    else:
                        marks[e.id].add("X7")
            for e in enrolments:
                given = e.row["exclusion"]
                if e.attached and given and day(given["date"]) <= e.exit + self.emp_days:
                    marks[e.id].add(given["code"])
                e.exclusion = min(marks[e.id], default=None)
                if e.attached and e.in_window and e.feeds_employment and e.exclusion is None:
                    self.convert(e, work)

    def convert(self, e, work):
        e.conversion = min(e.qualifying, key=lambda w: (w.start, utf8(w.id)), default=None)
        e.in_emp = True
        if e.conversion is None:
            if self.policy.get("undecided") == "leave_out":
                e.in_emp = not any(w.pending and self.qualifies(w, e) for w in work)
            return
        employed = [(w.start, w.last) for w in work if w.verified and w.counts_for(e)]
        blind = [
            (day(outage["from"]), day(outage["until"]) - 1)
            for outage in self.evidence["outages"]
            if outage["province"] == e.row["household_province"] and outage["source"] in e.conversion.sources
        ]
        for name, horizon in HORIZON.items():
            if e.conversion.start + horizon + self.grace > self.freeze:
                continue
            if self.lasted(e.conversion.start, horizon, employed):
                e.stable[name] = True
            elif not self.lasted(e.conversion.start, horizon, employed + blind):
                e.stable[name] = False

    def lasted(self, start, horizon, spans):
        """Day by day: at work on the last one, and at most so many days without work."""
        at_work = [any(first <= d <= last for first, last in spans) for d in range(start, start + horizon + 1)]
        return at_work[-1] and at_work.count(False) <= self.policy["emp"]["stab_gap_days"]

    # what goes into which rate

    def successes(self, e):
        """(indicator, success) for every denominator that holds this enrolment."""
        if not (e.attached and e.in_window):
            return
        if e.in_emp:
            yield "EMP", e.conversion is not None
        yield from e.stable.items()
        given = e.row["exclusion"]
        if e.exclusion in ("X1", "X2", "X4") and given["date"] <= e.cohort["end"]:
            return
        if not e.row.get("transferred", False):
            yield "CMP", e.row["completed"]
        if e.row["completed"] and e.cohort["certifiable"]:
            yield "CRT", e.row["certified"]

    def invited(self, e):
        return e.attached and e.in_window and e.exclusion != "X1" and e.row.get("contactable", True)

    def answers(self):
        """The response that counts, by enrolment."""
        tokens = defaultdict(list)
        for row in self.evidence["surveys"]:
            tokens[row["enrolment"]].append(row)
        for enrolment, rows in tokens.items():
            first = min(rows, key=lambda row: (row["submitted"], row["seq"]))
            if not first["flagged"] and self.invited(self.enrolments[enrolment]):
                yield self.enrolments[enrolment], sum(first["items"])

    # section 4

    def count(self):
        self.school_n, self.school_o, self.stratum_o = defaultdict(int), defaultdict(int), defaultdict(int)
        self.invitations, self.responses, self.scores = defaultdict(int), defaultdict(int), defaultdict(int)
        for e in self.enrolments.values():
            school = e.cohort["institution"]
            self.invitations[school] += self.invited(e)
            for indicator, success in self.successes(e):
                self.school_n[school, indicator, e.stratum] += 1
                self.stratum_o[school, indicator, e.stratum] += success
                self.school_o[school, indicator] += success
        for e, score in self.answers():
            self.responses[e.cohort["institution"]] += 1
            self.scores[e.cohort["institution"]] += score

    def table(self, schools):
        """The reference table over some institutions, with the number of people behind each rate."""
        least = self.policy["min_stratum_n"]
        strata = [(category, band) for category in range(1, 8) for band in "SM"]
        cell_n, cell_o = defaultdict(int), defaultdict(int)
        for (school, indicator, stratum), n in self.school_n.items():
            if school in schools:
                cell_n[indicator, stratum] += n
                cell_o[indicator, stratum] += self.stratum_o[school, indicator, stratum]
        overall, reference, people = {}, {}, {}
        for indicator in RATES:
            def total(counts, some):
                return sum(counts[indicator, stratum] for stratum in some)

            def rate(some):
                n = total(cell_n, some)
                return rdiv(total(cell_o, some) * MILLION, n) if n else None

            overall[indicator] = rate(strata)
            people[indicator] = total(cell_n, strata)
            for stratum in strata:
                choices = [
                    ("stratum", [stratum]),
                    ("band", [other for other in strata if other[1] == stratum[1]]),
                ]
                cell = {"ppm": overall[indicator], "from": "overall"}
                for source, some in choices:
                    n = total(cell_n, some)
                    if n >= least and n > 0:
                        cell = {"ppm": rate(some), "from": source}
                        break
                reference[indicator, stratum] = cell
        n = sum(self.responses[school] for school in schools)
        scores = sum(self.scores[school] for school in schools)
        return {
            "overall": overall,
            "reference": reference,
            "mu0": rdiv(200 * scores, n) if n else None,
            "people": people,
            "responses": n,
        }

    def refer(self):
        federation = {row["id"]: row["federation"] for row in self.evidence["institutions"]}
        self.whole = self.table(set(federation))
        self.provinces = {}
        if self.policy.get("scope", "national") == "province":
            for code in set(federation.values()):
                own = self.table({school for school, other in federation.items() if other == code})
                self.provinces[code] = self.fill_in(own)
        self.measure = {school: self.provinces.get(code, self.whole) for school, code in federation.items()}

    def fill_in(self, own):
        """Where a province has too few, the national table stands in."""
        least = max(1, self.policy["min_stratum_n"])
        for indicator in RATES:
            if own["people"][indicator] < least:
                own["overall"][indicator] = self.whole["overall"][indicator]
                for one, stratum in own["reference"]:
                    if one == indicator:
                        national = self.whole["reference"][one, stratum]
                        own["reference"][one, stratum] = {"ppm": national["ppm"], "from": "national"}
        if own["responses"] < least:
            own["mu0"] = self.whole["mu0"]
        return own

    def rate_figures(self, school, indicator):
        numbers = self.policy["indicators"][indicator]
        m = numbers["m"]
        n = expected = 0
        measure = self.measure[school]
        for (one, stratum), cell in measure["reference"].items():
            if one == indicator:
                people = self.school_n[school, indicator, stratum]
                n += people
                expected += people * (cell["ppm"] or 0)
        o = self.school_o[school, indicator]
        figures = {
            "available": n >= max(1, self.policy["min_indicator_n"]),
            "n": n,
            "observed": o,
            "raw_ppm": None,
            "expected_ppm_persons": expected,
            "oe_ppm": None,
            "shrunk_ratio_ppm": None,
            "adjusted_ppm": None,
            "points_milli": None,
            "sig": "none",
        }
        if expected > 0:
            figures["oe_ppm"] = rdiv(o * MILLION**2, expected)
        if n > 0:
            ratio = rdiv(n * o * 10**12 + m * MILLION * expected, expected * (n + m)) if expected else MILLION
            adjusted = min(MILLION, rdiv(measure["overall"][indicator] * ratio, MILLION))
            figures["raw_ppm"] = rdiv(o * MILLION, n)
            figures["shrunk_ratio_ppm"] = ratio
            figures["adjusted_ppm"] = adjusted
            figures["points_milli"] = points(adjusted, numbers["floor_ppm"], numbers["target_ppm"])
        if n >= self.policy["min_sig_n"] and 0 < expected < n * MILLION:
            d = o * MILLION - expected
            if d * d * n * MILLION > self.policy["z2_ppm"] * expected * (n * MILLION - expected):
                figures["sig"] = "low" if d < 0 else "high"
        return figures

    # section 5

    def sat_figures(self, row):
        numbers = self.policy["indicators"]["SAT"]
        school = row["id"]
        invited, n, s = self.invitations[school], self.responses[school], self.scores[school]
        target = -(-invited * numbers["response_target_permille"] // 1000)
        deficit = max(0, target - n)
        figures = {
            "available": n >= max(1, self.policy["min_indicator_n"]) and not row.get("sat_suspended", False),
            "invited": invited,
            "n": n,
            "sum_items": s,
            "deficit": deficit,
            "mean_milli": None,
            "adjusted_milli": None,
            "points_milli": None,
        }
        if n > 0:
            pulled = 200 * s + numbers["m"] * self.measure[school]["mu0"] + deficit * numbers["deficit_anchor_milli"]
            adjusted = rdiv(pulled, n + numbers["m"] + deficit)
            figures["mean_milli"] = rdiv(200 * s, n)
            figures["adjusted_milli"] = adjusted
            figures["points_milli"] = points(adjusted, numbers["floor_milli"], numbers["target_milli"])
        return figures

    # section 6

    def assess(self, row):
        indicators = {indicator: self.rate_figures(row["id"], indicator) for indicator in RATES}
        indicators["SAT"] = self.sat_figures(row)
        score = row["third_party_score"]
        indicators["TPA"] = {"available": score is not None, "points_milli": None if score is None else score * 1000}
        result = {
            "id": row["id"],
            "federation": row["federation"],
            "indicators": indicators,
            "previous_grade": row["previous_grade"],
            "composite_milli": None,
            "grade_before_guards": None,
            "grade": "P",
            "rank": None,
        }
        weights = {name: self.policy["indicators"][name]["weight"] for name, one in indicators.items() if one["available"]}
        weight = sum(weights.values())
        result["weight_available"] = weight
        emp, stb6, sat = indicators["EMP"], indicators["STB6"], indicators["SAT"]
        doubts = {
            "p_emp_n": emp["n"] < self.policy["min_grade_n"],
            "p_emp_unavailable": not emp["available"],
            "p_exited": row.get("exited", False),
            "p_weight": weight < max(1, self.policy["min_weight_available"]),
        }
        reasons = {code for code, holds in doubts.items() if holds}
        if not reasons:
            total = sum(weights[name] * indicators[name]["points_milli"] for name in weights)
            composite = rdiv(total, weight)
            plain = self.plain(composite)
            previous = row["previous_grade"]
            before = self.moved(composite, previous) if previous in tuple(LETTERS) else plain
            if before != plain:
                reasons.add("hysteresis")
            emp_low = emp["available"] and emp["sig"] == "low"
            stb6_low = stb6["available"] and stb6["sig"] == "low"
            grade = before
            if before == "A":
                caps = {
                    "cap_emp_n": emp["n"] < self.policy["grade_a_min_n"],
                    "cap_emp_sig_low": emp_low,
                    "cap_stb6_sig_low": stb6_low,
                    "cap_sat_unavailable": not sat["available"],
                }
                holding = {code for code, holds in caps.items() if holds}
                grade = "B" if holding else "A"
                reasons |= holding
            if before == "D":
                proofs = {
                    "d_emp_sig_low": emp_low,
                    "d_stb6_sig_low": stb6_low,
                    "d_sat_low": sat["available"] and sat["adjusted_milli"] < self.policy["sat_low_milli"],
                }
                holding = {code for code, holds in proofs.items() if holds}
                grade = "D" if holding else "C"
                reasons |= holding or {"floor_not_proven"}
            if previous in tuple(LETTERS):
                step = LETTERS.index(grade) - LETTERS.index(previous)
                reasons.add("rose" if step < 0 else "fell" if step > 0 else "stayed")
            else:
                reasons.add("no_previous_grade")
            result["composite_milli"], result["grade_before_guards"], result["grade"] = composite, before, grade
        result["reasons"] = sorted(reasons)
        return result

    def plain(self, composite):
        return next((grade for grade in "ABC" if composite >= self.policy["grades"][grade]), "D")

    def moved(self, composite, previous):
        limits, h = self.policy["grades"], self.policy["hysteresis"]
        grade = previous
        while grade != "A":
            better = LETTERS[LETTERS.index(grade) - 1]
            if composite < limits[better] + h:
                break
            grade = better
        if grade != previous:
            return grade
        while grade != "D" and composite < limits[grade] - h:
            grade = LETTERS[LETTERS.index(grade) + 1]
        return grade

    def result(self, name, explain):
        self.judge()
        self.count()
        self.refer()
        schools = [self.assess(row) for row in sorted(self.evidence["institutions"], key=lambda row: utf8(row["id"]))]
        for school in schools:
            league = [
                other["composite_milli"]
                for other in schools
                if other["federation"] == school["federation"] and other["composite_milli"] is not None
            ]
            school["rank_of"] = len(league)
            if school["composite_milli"] is not None:
                school["rank"] = 1 + sum(composite > school["composite_milli"] for composite in league)
        result = {
            "format": 1,
            "policy": name,
            "evidence_sha256": evidence_digest(self.evidence),
            "window_exit_after": date.fromordinal(self.after).isoformat(),
            "window_exit_until": date.fromordinal(self.until).isoformat(),
            **written(self.whole),
            "institutions": schools,
        }
        if self.provinces:
            result["provinces"] = {code: written(table) for code, table in self.provinces.items()}
        if explain:
            result["enrolments"] = {
                e.id: {
                    "attached": e.attached,
                    "in_window": e.in_window,
                    "exclusion": e.exclusion,
                    "converted": e.conversion is not None,
                    "episode": e.conversion.id if e.conversion else None,
                    **{stb: e.stable.get(stb) for stb in HORIZON},
                }
                for e in self.enrolments.values()
            }
        return result


def written(table):
    """A reference table as it stands in R."""
    return {
        "overall_ppm": table["overall"],
        "sat_mean_milli": table["mu0"],
        "reference": {
            f"{indicator}/{category}/{band}": cell
            for (indicator, (category, band)), cell in table["reference"].items()
        },
    }


def points(value, floor, target):
    if value <= floor:
        return 0
    return min(100_000, rdiv((value - floor) * 100_000, target - floor))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--policy", required=True)
    parser.add_argument("--base")
    parser.add_argument("--evidence", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--explain", action="store_true")
    args = parser.parse_args()

    def read(path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    try:
        policy, name = load_policy(read(args.policy), read(args.base) if args.base else None)
        run = Run(policy, json.loads(read(args.evidence)))
        out = canonical(run.result(name, args.explain))
    except (OSError, ValueError, KeyError) as error:
        print(f"recompute.py: {error!r}", file=sys.stderr)
        return 2
    with open(args.out, "wb") as file:
        file.write(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
