//! Rows grouped by person, without a hash table: two passes of counting.

/// For each person a slice of row numbers, in the order of the rows.
pub(super) struct Groups {
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl Groups {
    /// Groups rows whose persons are numbered below `persons`.
    pub(super) fn of(persons: u32, person_of_row: impl Iterator<Item = u32> + Clone) -> Self {
        let mut starts = vec![0_u32; persons as usize + 1];
        let mut total = 0;
        for person in person_of_row.clone() {
            starts[person as usize] += 1;
            total += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += std::mem::replace(start, sum);
        }
        let mut rows = vec![0; total];
        for (row, person) in (0..).zip(person_of_row) {
            let next = &mut starts[person as usize];
            rows[*next as usize] = row;
            *next += 1;
        }
        // Filling moved each start to the start of the next person.
        starts.rotate_right(1);
        starts[0] = 0;
        Self { starts, rows }
    }

    fn range(&self, person: u32) -> std::ops::Range<usize> {
        self.starts[person as usize] as usize..self.starts[person as usize + 1] as usize
    }

    pub(super) fn rows(&self, person: u32) -> &[u32] {
        &self.rows[self.range(person)]
    }

    pub(super) fn rows_mut(&mut self, person: u32) -> &mut [u32] {
        let range = self.range(person);
        &mut self.rows[range]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_under_its_person_in_order() {
        let persons = [2, 0, 2, 3, 0, 2];
        let groups = Groups::of(5, persons.iter().copied());
        let all: Vec<_> = (0..5).map(|person| groups.rows(person).to_vec()).collect();
        assert_eq!(all, [vec![1, 4], vec![], vec![0, 2, 5], vec![3], vec![]]);
    }
}
