//! Random evidence, crowded around every threshold: few days, few persons, many ties.

use serde_json::{Value, json};

use crate::build::File;

/// splitmix64: the same numbers on every machine.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most as u64).expect("below most")
    }

    fn chance(&mut self, permille: usize) -> bool {
        self.below(1_000) < permille
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub(crate) fn shuffle(&mut self, rows: &mut [Value]) {
        for at in (1..rows.len()).rev() {
            rows.swap(at, self.below(at + 1));
        }
    }

    /// A day so many days after 2023-07-01.
    fn day(days: usize) -> String {
        let start = chrono::NaiveDate::from_ymd_opt(2023, 7, 1).expect("a date");
        (start + chrono::Days::new(days as u64)).to_string()
    }
}

/// Ids whose order by bytes differs from that by UTF-16, that hold escapes, or are numbers.
const ODD: [&str; 6] = ["\u{fb33}", "\u{1f600}", "a\"b\\", "\u{7}\n/", "10", "9"];

fn id(prefix: &str, at: usize) -> String {
    match ODD.get(at) {
        Some(odd) => format!("{odd}{prefix}"),
        None => format!("{prefix}{at}"),
    }
}

/// Evidence of `size` enrolments.
pub(crate) fn evidence(seed: u64, size: usize) -> File {
    let mut dice = Dice::new(seed);
    let mut file = File::empty();
    let schools = 3 + size / 60;
    let classes = schools * 3;
    let persons = size * 4 / 5 + 1;
    for at in 0..schools {
        let mut row = json!({
            "federation": dice.pick(&["110000", "370000", "440000"]),
            "previous_grade": dice.pick(&[None, Some("A"), Some("B"), Some("C"), Some("D"), Some("P")]),
            "third_party_score": dice.pick(&[None, Some(0), Some(55), Some(80), Some(100)]),
        });
        if dice.chance(150) {
            row["sat_suspended"] = json!(dice.chance(700));
        }
        if dice.chance(100) {
            row["exited"] = json!(dice.chance(800));
        }
        file.institution(&id("i", at), row);
    }
    let mut ends = Vec::new();
    for at in 0..classes {
        let start = dice.below(760);
        let end = start + 1 + dice.below(60);
        ends.push((start, end));
        file.cohort(&id("c", at), json!({
            "institution": id("i", dice.below(schools)),
            "start": Dice::day(start),
            "end": Dice::day(end),
            "planned_hours": dice.pick(&[10, 40, 79, 80, 200]),
            "purpose": dice.pick(&["employment", "employment", "entrepreneurship", "rural", "upskilling"]),
            "certifiable": dice.chance(700),
        }));
    }
    let mut homes = Vec::new();
    for at in 0..size {
        let class = dice.below(classes);
        let (start, end) = ends[class];
        let completed = dice.chance(750);
        let exit = if completed {
            end
        } else {
            start + dice.below(end - start + 1)
        };
        let person = dice.below(persons);
        homes.push((person, exit));
        let mut row = json!({
            "person": format!("p{person}"),
            "cohort": id("c", class),
            "household_province": dice.pick(&["370000", "440000"]),
            "disability_category": dice.pick(&[1, 2, 2, 3, 3, 3, 4, 5, 6, 7]),
            "disability_level": 1 + dice.below(4),
            "attended_hours": dice.pick(&[0, 1, 3, 4, 7, 8, 40, 80]),
            "exit_date": Dice::day(exit),
            "completed": completed,
            "certified": completed && dice.chance(600),
            "employed_at_enrolment": dice.chance(60),
        });
        if dice.chance(120) {
            let code = dice.pick(&["X1", "X2", "X3", "X4", "X5"]);
            let least = start.max(exit.saturating_sub(10));
            let days = dice.pick(&[least, end, end + 1, exit + 180, exit + 181, exit + 90]);
            row["exclusion"] = json!({"code": code, "date": Dice::day(days.max(start))});
        }
        if dice.chance(60) {
            row["contactable"] = json!(dice.chance(300));
        }
        if dice.chance(50) {
            row["transferred"] = json!(dice.chance(700));
        }
        file.enrolment(&id("e", at), row);
    }
    for at in 0..size * 6 / 5 {
        let (person, exit) = dice.pick(&homes);
        let start = (exit + dice.pick(&[0, 1, 2, 5, 20, 60, 100, 179, 180, 181]))
            .saturating_sub(dice.pick(&[0, 0, 0, 10, 40]));
        let days = dice.pick(&[29, 30, 31, 60, 89, 90, 91, 150, 179, 180, 181, 400]);
        let last = if dice.chance(450) {
            Value::Null
        } else {
            json!(Dice::day(start + days))
        };
        let mut row = json!({
            "type": dice.pick(&["contract", "contract", "contract", "centralised", "public_sector", "public_welfare_post",
                "self_employment", "flexible", "rural_production", "supported_work", "unpaid", "internship", "trial"]),
            "start": Dice::day(start),
            "last_day": last,
            "evidence": (0..dice.pick(&[0, 1, 1, 2, 2, 3])).map(|_| json!({
                "tier": dice.pick(&["A", "A", "B", "B", "C"]),
                "source": dice.pick(&["social_insurance", "tax", "bank", "\u{1f600}"]),
            })).collect::<Vec<_>>(),
            "contest": dice.pick(&[None, None, None, None, None, Some("open"), Some("upheld"), Some("dismissed")]),
        });
        if dice.chance(100) {
            row["related_to_institution"] = json!(id("i", dice.below(schools)));
        }
        if dice.chance(80) {
            row["claimed_at"] = json!("2025-11-01");
            row["decided_at"] = dice
                .pick(&[json!(null), json!("2026-03-31"), json!("2026-04-01")].each_ref())
                .clone();
        }
        file.episode(&id("w", at), &format!("p{person}"), row);
    }
    for _ in 0..dice.below(4) {
        let from = dice.below(900);
        file.outage(json!({
            "province": dice.pick(&["370000", "440000"]),
            "source": dice.pick(&["social_insurance", "tax", "bank"]),
            "from": Dice::day(from),
            "until": Dice::day(from + 1 + dice.below(90)),
        }));
    }
    for at in 0..size * 2 / 3 {
        let changes = json!({
            "items": (0..5).map(|_| 1 + dice.pick(&[2, 3, 3, 4, dice_item(at)])).collect::<Vec<_>>(),
            "submitted": Dice::day(770 + dice.below(5)),
            // Distinct, so that no response is given twice.
            "seq": (at * 7_919) % 100_003,
            "flagged": dice.chance(80),
        });
        file.survey(&id("e", dice.below(size)), changes);
    }
    file
}

/// Evidence of schools that differ: from nearly all trainees in lasting work to nearly none, liked or not.
pub(crate) fn leagues(seed: u64) -> File {
    let mut dice = Dice::new(seed);
    let mut file = File::empty();
    for school in 0..40 {
        let name = format!("s{school}");
        file.institution(&name, json!({
            "federation": dice.pick(&["110000", "370000"]),
            "previous_grade": dice.pick(&[None, Some("A"), Some("B"), Some("C"), Some("D"), Some("P")]),
            "third_party_score": dice.pick(&[None, Some(30), Some(60), Some(95)]),
            "sat_suspended": dice.chance(100),
            "exited": dice.chance(60),
        }));
        file.cohort(&name, json!({"institution": name}));
        // In an odd year nearly all are excellent, so that a good school can be significantly below the others.
        let qualities = if seed % 2 == 1 {
            [700, 800, 990, 1_000]
        } else {
            [50, 200, 500, 900]
        };
        let [good, work, lasting] = [(); 3].map(|()| dice.pick(&qualities));
        let liked = if seed % 2 == 1 {
            5
        } else {
            dice.pick(&[1, 2, 3, 4])
        };
        for at in 0..dice.pick(&[19, 20, 26, 29, 30, 45, 80]) {
            let id = format!("{name}-{at}");
            let completed = dice.chance(good.max(300));
            file.enrolment(
                &id,
                json!({
                    "cohort": name,
                    "completed": completed,
                    "certified": completed && dice.chance(good),
                    "disability_category": dice.pick(&[1, 2, 3, 6]),
                    "disability_level": 1 + dice.below(4),
                }),
            );
            if dice.chance(work) {
                let last = dice.pick(&["2024-09-01", "2024-12-15", "2025-03-01"]);
                let last = if dice.chance(lasting) {
                    Value::Null
                } else {
                    json!(last)
                };
                file.episode(&id, &format!("p-{id}"), json!({"last_day": last}));
            }
            if dice.chance(650) {
                let items: Vec<_> = (0..5).map(|_| dice.pick(&[liked, liked, 3])).collect();
                file.survey(&id, json!({"items": items}));
            }
        }
    }
    file
}

const fn dice_item(at: usize) -> usize {
    at % 5
}
