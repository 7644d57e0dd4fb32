//! Who acts in the demo: two persons at every desk, and the issuer keys.

use std::collections::HashMap;

use domain::access::{Actor, Role};
use domain::ids::AccountId;

use super::country::Country;
use super::{DemoAccount, Script};
use crate::access::accounts::{self, CreateAccountRequest, CreatedAccount};
use crate::app::App;
use crate::certificates::change::WaitingReceipt;
use crate::certificates::keys::{self, KeyReceipt, NewKeyRequest};
use crate::extract::IdempotencyKey;
use crate::problem::Problem;
use crate::proposals;
use crate::trust::states::{self, KeyChangeRequest};

/// The actors, by the name of their account, and what is told of them.
pub(super) struct Cast {
    pub(super) accounts: Vec<DemoAccount>,
    ids: HashMap<String, AccountId>,
}

impl Cast {
    /// The administrator's post of the first account, which makes the others.
    async fn administrator(&self, app: &App) -> Result<Actor, Problem> {
        let first = self.actor(app, "national-1").await?;
        let live = store::accounts::live(app.store.reader(), first.account, app.today()).await?;
        live.and_then(|live| {
            live.actors
                .into_iter()
                .find(|actor| actor.role == Role::AccountAdmin)
        })
        .ok_or_else(|| Problem::internal("no administrator"))
    }

    /// The actor of the first post of an account, as it stands now.
    pub(super) async fn actor(&self, app: &App, name: &str) -> Result<Actor, Problem> {
        let id = self
            .ids
            .get(name)
            .ok_or_else(|| Problem::internal(format!("no account {name}")))?;
        let live = store::accounts::live(app.store.reader(), *id, app.today()).await?;
        live.map(|live| live.actor)
            .ok_or_else(|| Problem::internal(format!("no post of {name}")))
    }
}

/// A new key for each act.
pub(super) fn key(app: &App) -> Result<IdempotencyKey, Problem> {
    app.random.id(app.now()).to_string().parse()
}

/// Makes the accounts and the issuer keys of the years that the story touches.
pub(super) async fn make(app: &App, script: &Script, country: &Country) -> Result<Cast, Problem> {
    let mut cast = Cast {
        accounts: Vec::new(),
        ids: HashMap::new(),
    };
    let password = password(app);
    let first = accounts::create_first(app, "national-1", "全国演示甲", &password).await?;
    cast.take(Role::NationalOfficer, "000000", &password, first)?;
    let root = cast.actor(app, "national-1").await?;
    let administrator = cast.administrator(app).await?;
    let mut wanted = vec![(
        Role::NationalOfficer,
        Some("000000"),
        "national-2".to_owned(),
        "000000",
    )];
    for code in country.federations() {
        for person in 1..=2 {
            wanted.push((
                Role::ProvinceOfficer,
                Some(code),
                format!("province-{code}-{person}"),
                code,
            ));
        }
    }
    for (number, institution) in country.institutions.iter().enumerate() {
        let region = institution.site_region.as_str();
        for person in 1..=2 {
            wanted.push((
                Role::CountyOfficer,
                Some(region),
                format!("county-{region}-{person}"),
                region,
            ));
        }
        wanted.push((
            Role::InstitutionOperator,
            None,
            format!("school-{}-1", number + 1),
            region,
        ));
    }
    for (role, federation, name, region) in wanted {
        make_one(
            app,
            &mut cast,
            &administrator,
            role,
            federation,
            None,
            &name,
            region,
        )
        .await?;
    }
    let second = cast.actor(app, "national-2").await?;
    for code in country.federations() {
        let [first, last] =
            [0, super::DAYS_BEFORE].map(|day| chrono::Datelike::year(&script.date(day)));
        for year in first..=last {
            let request = NewKeyRequest {
                federation: code.to_owned(),
                year,
            };
            let made = keys::create_issuer_key(app, &root, &key(app)?, &request).await?;
            activate(app, &root, &second, &made.parse::<KeyReceipt>()?.kid).await?;
        }
    }
    Ok(cast)
}

/// One person proposes that a key be used, another approves.
async fn activate(app: &App, first: &Actor, second: &Actor, kid: &str) -> Result<(), Problem> {
    let request = KeyChangeRequest {
        state: "active".to_owned(),
        compromised_at: None,
        reason: None,
    };
    let kid = kid.parse().map_err(Problem::internal)?;
    let waiting: WaitingReceipt = states::propose(app, first, &key(app)?, &kid, &request)
        .await?
        .parse()?;
    let proposal = waiting.proposal_id.parse().map_err(Problem::internal)?;
    proposals::approve(app, second, &key(app)?, proposal).await?;
    Ok(())
}

/// The second operator of an institution, once it is registered.
pub(super) async fn second_operator(
    app: &App,
    cast: &mut Cast,
    number: usize,
    institution: domain::ids::InstitutionId,
    region: &str,
) -> Result<(), Problem> {
    let administrator = cast.administrator(app).await?;
    let name = format!("school-{number}-2");
    make_one(
        app,
        cast,
        &administrator,
        Role::InstitutionOperator,
        None,
        Some(institution),
        &name,
        region,
    )
    .await
}

#[expect(clippy::too_many_arguments, reason = "a row of a table, written out")]
async fn make_one(
    app: &App,
    cast: &mut Cast,
    by: &Actor,
    role: Role,
    federation: Option<&str>,
    institution: Option<domain::ids::InstitutionId>,
    name: &str,
    region: &str,
) -> Result<(), Problem> {
    let password = password(app);
    let request = CreateAccountRequest {
        name: name.to_owned(),
        person_name: "演示人员".to_owned(),
        role,
        federation: federation.map(str::to_owned),
        institution,
        same_person_as: None,
        password: password.clone(),
    };
    let created: CreatedAccount = accounts::create(app, by, &key(app)?, &request)
        .await?
        .parse()?;
    cast.take(role, region, &password, created)
}

impl Cast {
    fn take(
        &mut self,
        role: Role,
        region: &str,
        password: &str,
        created: CreatedAccount,
    ) -> Result<(), Problem> {
        let id = created.account.parse().map_err(Problem::internal)?;
        self.ids.insert(created.name.clone(), id);
        self.accounts.push(DemoAccount {
            role: role.as_str().to_owned(),
            region: region.to_owned(),
            name: created.name,
            password: password.to_owned(),
        });
        Ok(())
    }
}

/// A random password: no default one exists anywhere (trust.md AU-7).
fn password(app: &App) -> String {
    data_encoding::BASE32_NOPAD
        .encode(&app.random.bytes::<15>())
        .to_lowercase()
}
