//! Accounts as their administrator lists them (field.md 4 and 5).

use std::collections::HashMap;

use domain::access::{Actor, Role};
use domain::ids::{AccountId, InstitutionId};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::StoreError;
use crate::cohorts::placeholders;
use crate::scope::NATIONAL;

/// A post of a listed account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPost {
    /// Its role.
    pub role: Role,
    /// Its federation.
    pub federation: Option<String>,
    /// Its institution.
    pub institution: Option<InstitutionId>,
    /// What the organisation is called; empty where there is none.
    pub organisation: String,
}

/// A listed account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedAccount {
    /// Its id.
    pub id: AccountId,
    /// Name to sign in with.
    pub name: String,
    /// `active`, `invited` or `disabled`.
    pub state: String,
    /// Name of the human being.
    pub person_name: String,
    /// Whether it has a second factor.
    pub second_factor: bool,
    /// Its posts without an end.
    pub posts: Vec<ListedPost>,
}

#[derive(FromQueryResult)]
struct AccountRow {
    id: Uuid,
    staff_person_id: Uuid,
    name: String,
    state: String,
    person_name: String,
    factors: i64,
}

#[derive(FromQueryResult)]
struct PostRow {
    staff_person_id: Uuid,
    id: Uuid,
    role: String,
    federation: Option<String>,
    institution_id: Option<Uuid>,
    federation_name: Option<String>,
    institution_name: Option<String>,
}

fn statement(
    db: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}

/// The condition on a post `o` that its holder is administered by this actor, with at most one value at `$number`. It
/// is the same area as for changing an account: a federation and those below it with their institutions, or one's own
/// institution. Staff without an organisation belong nowhere, and so to the nation alone (trust.md AZ-2).
fn administered(actor: &Actor, number: usize) -> (String, Option<Value>) {
    match (&actor.federation, actor.institution) {
        (Some(code), _) if code == NATIONAL => ("1 = 1".to_owned(), None),
        (Some(code), _) => {
            let area = format!(
                "(SELECT area FROM federation_area WHERE federation = ${number} AND valid_until IS NULL)"
            );
            let sql = format!(
                "(o.federation IN {area} OR o.institution_id IN
                  (SELECT m.institution_id FROM admission m WHERE m.federation IN {area} AND {}))",
                crate::scope::looked_after("m")
            );
            (sql, Some(code.as_str().into()))
        }
        (None, Some(institution)) => (
            format!("o.institution_id = ${number} AND o.role = 'institution_operator'"),
            Some(institution.uuid().into()),
        ),
        (None, None) => ("1 = 0".to_owned(), None),
    }
}

/// Accounts of staff in the area of an administrator, by id, at most `limit` after the one given; `search` is a part of
/// the sign-in name. Trainees have no row here: their accounts are nobody's to administer.
pub async fn list(
    db: &impl ConnectionTrait,
    actor: &Actor,
    search: Option<&str>,
    after: Option<AccountId>,
    limit: u64,
) -> Result<Vec<ListedAccount>, StoreError> {
    let pattern = search.map_or_else(
        || "%".to_owned(),
        |text| {
            let plain = text
                .replace('\\', "\\\\")
                .replace('%', "\\%")
                .replace('_', "\\_");
            format!("%{plain}%")
        },
    );
    let after = after.map_or(Uuid::nil(), AccountId::uuid);
    select(db, actor, ("a.id > $1", after), &pattern, limit).await
}

/// One account of staff in the area of an administrator.
pub async fn find(
    db: &impl ConnectionTrait,
    actor: &Actor,
    id: AccountId,
) -> Result<Option<ListedAccount>, StoreError> {
    let found = select(db, actor, ("a.id = $1", id.uuid()), "%", 1).await?;
    Ok(found.into_iter().next())
}

async fn select(
    db: &impl ConnectionTrait,
    actor: &Actor,
    (which, id): (&str, Uuid),
    pattern: &str,
    limit: u64,
) -> Result<Vec<ListedAccount>, StoreError> {
    let mut values: Vec<Value> = vec![id.into(), limit.cast_signed().into(), pattern.into()];
    let (within, value) = administered(actor, 4);
    values.extend(value);
    let sql = format!(
        "SELECT a.id, a.staff_person_id, a.name, a.state, s.name AS person_name,
           (SELECT COUNT(*) FROM totp t WHERE t.account_id = a.id AND t.confirmed_at IS NOT NULL)
             + (SELECT COUNT(*) FROM passkey k WHERE k.account_id = a.id) AS factors
         FROM account a JOIN staff_person s ON s.id = a.staff_person_id
         WHERE {which} AND a.name LIKE $3 ESCAPE '\\'
           AND EXISTS (SELECT 1 FROM post o WHERE o.staff_person_id = a.staff_person_id AND o.valid_until IS NULL
             AND o.role <> 'trainee' AND {within})
         ORDER BY a.id LIMIT $2"
    );
    let rows = AccountRow::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?;
    let mut posts = posts(db, rows.iter().map(|row| row.staff_person_id)).await?;
    Ok(rows
        .into_iter()
        .map(|row| ListedAccount {
            id: row.id.into(),
            name: row.name,
            state: row.state,
            person_name: row.person_name,
            second_factor: row.factors > 0,
            posts: posts.remove(&row.staff_person_id).unwrap_or_default(),
        })
        .collect())
}

/// Posts without an end of these human beings.
async fn posts(
    db: &impl ConnectionTrait,
    people: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Vec<ListedPost>>, StoreError> {
    let people: Vec<Value> = people.map(Value::from).collect();
    if people.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "SELECT o.staff_person_id, o.id, o.role, o.federation, o.institution_id, f.name AS federation_name,
           i.name AS institution_name
         FROM post o LEFT JOIN federation f ON f.code = o.federation LEFT JOIN institution i ON i.id = o.institution_id
         WHERE o.valid_until IS NULL AND o.staff_person_id IN ({}) ORDER BY o.id",
        placeholders(1, people.len())
    );
    let mut found: HashMap<Uuid, Vec<ListedPost>> = HashMap::new();
    for row in PostRow::find_by_statement(statement(db, sql, people))
        .all(db)
        .await?
    {
        let role = row
            .role
            .parse()
            .map_err(|_| StoreError::inconsistent("post", row.id))?;
        found
            .entry(row.staff_person_id)
            .or_default()
            .push(ListedPost {
                role,
                federation: row.federation,
                institution: row.institution_id.map(Into::into),
                organisation: row
                    .federation_name
                    .or(row.institution_name)
                    .unwrap_or_default(),
            });
    }
    Ok(found)
}
