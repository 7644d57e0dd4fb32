//! Every value of every column of every table, as bytes: for searching a registry for what must not be in it.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::StoreError;

/// One value that is not null.
#[derive(Clone, PartialEq, Eq)]
pub struct Cell {
    /// Table.
    pub table: String,
    /// Column.
    pub column: String,
    /// Text as UTF-8, everything else as the database holds it.
    pub bytes: Vec<u8>,
}

/// Shows no value.
impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}.{}({} bytes)",
            self.table,
            self.column,
            self.bytes.len()
        )
    }
}

/// The whole database.
pub async fn dump(db: &impl ConnectionTrait) -> Result<Vec<Cell>, StoreError> {
    let backend = db.get_database_backend();
    let columns = match backend {
        DbBackend::Postgres => {
            "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns
             WHERE table_schema = current_schema() ORDER BY 1, ordinal_position"
        }
        _ => {
            "SELECT m.name, c.name, c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c
             WHERE m.type = 'table' ORDER BY 1, c.cid"
        }
    };
    let mut cells = Vec::new();
    for row in db
        .query_all_raw(Statement::from_string(backend, columns))
        .await?
    {
        let table: String = row.try_get_by_index(0)?;
        let column: String = row.try_get_by_index(1)?;
        let kind: String = row.try_get_by_index(2)?;
        let value = match (backend, kind.as_str()) {
            (DbBackend::Postgres, "bytea") => format!("\"{column}\""),
            (DbBackend::Postgres, _) => format!("convert_to(\"{column}\"::text, 'UTF8')"),
            _ => format!("CAST(\"{column}\" AS BLOB)"),
        };
        let sql = format!("SELECT {value} FROM \"{table}\" WHERE \"{column}\" IS NOT NULL");
        for row in db
            .query_all_raw(Statement::from_string(backend, sql))
            .await?
        {
            cells.push(Cell {
                table: table.clone(),
                column: column.clone(),
                bytes: row.try_get_by_index(0)?,
            });
        }
    }
    Ok(cells)
}
