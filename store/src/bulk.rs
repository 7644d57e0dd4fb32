//! Many rows in few statements: what an import writes should cost what the database asks for and little more.

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use crate::StoreError;

/// Rows a statement: below the bind limits of both databases, and few enough distinct statements to keep prepared.
const ROWS: usize = 1_000;

/// A table with the columns that are written.
pub(crate) struct Rows<'a> {
    /// The table.
    pub(crate) table: &'a str,
    /// Its columns.
    pub(crate) columns: &'a [&'a str],
    /// What follows the values (`ON CONFLICT DO NOTHING`).
    pub(crate) then: &'a str,
}

impl Rows<'_> {
    /// Writes rows, whose values stand one after another; answers how many were written.
    pub(crate) async fn write(
        &self,
        db: &impl ConnectionTrait,
        mut values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let backend = db.get_database_backend();
        let step = ROWS * self.columns.len();
        let mut written = 0;
        while !values.is_empty() {
            let rest = values.split_off(step.min(values.len()));
            let sql = self.sql(backend, values.len() / self.columns.len());
            let statement = Statement::from_sql_and_values(backend, sql, values);
            written += db.execute_raw(statement).await?.rows_affected();
            values = rest;
        }
        Ok(written)
    }

    /// Places without numbers on SQLite: to bind a numbered one its name is looked up along a list, so that the work
    /// grows with the square of the places.
    fn sql(&self, backend: DbBackend, rows: usize) -> String {
        let width = self.columns.len();
        let mut sql = format!(
            "INSERT INTO {} ({}) VALUES ",
            self.table,
            self.columns.join(", ")
        );
        for place in 0..rows * width {
            match (place, place % width) {
                (0, _) => sql.push('('),
                (_, 0) => sql.push_str("), ("),
                _ => sql.push_str(", "),
            }
            if backend == DbBackend::Sqlite {
                sql.push('?');
            } else {
                sql.push('$');
                sql.push_str(&(place + 1).to_string());
            }
        }
        sql.push_str(") ");
        sql.push_str(self.then);
        sql
    }
}
