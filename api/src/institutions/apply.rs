//! T01 and T24: an institution applies to the federation of its site.

use axum::http::StatusCode;
use domain::access::Actor;
use domain::ids::{AdmissionId, InstitutionId};
use domain::institution::{ApplicationFacts, InstitutionState, decide_application};
use domain::{CitizenId, CreditCode, OrganisationName, Phone};
use serde::{Deserialize, Serialize};
use store::cases::persons;
use store::institutions::{Admission, Institution};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

/// An application.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyRequest {
    /// Name as in the licence.
    pub name: String,
    /// Unified social credit code (GB 32100), 18 characters.
    pub credit_code: String,
    /// Division of the main site: a county, or a city without counties. Its federation decides.
    pub site_region: String,
    /// Address.
    pub address: String,
    /// Telephone of the office.
    pub phone: String,
    /// Identity number of the legal representative. Compared with bars, and kept as a keyed index alone.
    pub legal_representative: String,
}

/// Shows the institution only.
impl std::fmt::Debug for ApplyRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApplyRequest")
            .field("credit_code", &self.credit_code)
            .finish_non_exhaustive()
    }
}

/// An admission after an act.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AdmissionReceipt {
    /// The admission: acts on the institution name it.
    pub id: String,
    /// The institution itself.
    pub institution: String,
    /// The federation that admits.
    pub federation: String,
    /// State now.
    pub state: String,
    /// Until when the present state waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<String>,
    /// Last day of the notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_until: Option<String>,
    /// Last day of a suspension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended_until: Option<String>,
    /// From which day a new application is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bar_until: Option<String>,
    /// Give it as If-Match with the next act.
    pub revision: i32,
    /// Position of the decision in the public log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf_index: Option<u64>,
    /// Number of the case that the decision belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// What a second person still has to confirm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal_id: Option<String>,
}

impl AdmissionReceipt {
    /// The receipt of an admission as it stands.
    pub(crate) fn of(admission: &Admission, revision: i32) -> Self {
        let text = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string());
        Self {
            id: admission.id.to_string(),
            institution: admission.institution.id.to_string(),
            federation: admission.federation.clone(),
            state: admission.state.as_str().to_owned(),
            due_on: text(admission.due_on),
            notice_until: text(admission.notice_until),
            suspended_until: text(admission.suspended_until),
            bar_until: text(admission.bar_until),
            revision,
            leaf_index: None,
            case: None,
            proposal_id: None,
        }
    }
}

/// What an application says, read and checked.
struct Parsed {
    name: OrganisationName,
    credit_code: CreditCode,
    federation: String,
    legal_representative: CitizenId,
}

fn parse(app: &App, request: &ApplyRequest) -> Result<Parsed, Problem> {
    let mut faults = Faults::default();
    let name = faults.parse("/name", &request.name);
    let credit_code = faults.parse("/credit_code", &request.credit_code);
    faults.text("/address", &request.address, 2, 200);
    faults.took("/phone", Phone::parse_organisation(&request.phone));
    let federation = place(app, &mut faults, "/site_region", &request.site_region);
    let person = faults.parse("/legal_representative", &request.legal_representative);
    faults.finish()?;
    match (name, credit_code, federation, person) {
        (Some(name), Some(credit_code), Some(federation), Some(legal_representative)) => {
            Ok(Parsed {
                name,
                credit_code,
                federation,
                legal_representative,
            })
        }
        _ => Err(Problem::internal("a fault that was not told")),
    }
}

/// The province-level federation of a place where something is taught.
pub(crate) fn place(app: &App, faults: &mut Faults, pointer: &str, region: &str) -> Option<String> {
    faults.parse::<domain::RegionCode>(pointer, region)?;
    if app.regions.find(region).is_none() {
        faults.add(
            pointer,
            "unknown_county",
            "没有这个行政区划代码,请核对。",
            "There is no division with this code; check it.",
        );
        return None;
    }
    if !app.regions.is_lowest(region) {
        faults.add(
            pointer,
            "region-too-wide",
            "请填写到县(市、区)。",
            "Give the county, not a wider division.",
        );
        return None;
    }
    let federation = app.regions.federation(region).map(str::to_owned);
    if federation.is_none() {
        faults.add(
            pointer,
            "no-federation",
            "这个地区没有对应的残联。",
            "No federation looks after this division.",
        );
    }
    federation
}

/// Applies for admission; the first application registers the institution and binds the applicant's post to it.
pub async fn apply(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &ApplyRequest,
) -> Result<Receipt, Problem> {
    let parsed = parse(app, request)?;
    let mut act = match app.begin(actor, key, "apply_institution", request).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let institution = own_institution(&mut act, &parsed).await?;
    let last = lapse(&act, institution.id, &parsed.federation).await?;
    let facts = ApplicationFacts {
        today: act.today,
        last: last.as_ref().map(|last| (last.state, last.bar_until)),
        barred_until: store::cases::exit::barred_until(&act.tx, institution.id).await?,
        person_barred_until: persons::barred_until(
            &act.tx,
            app.store.vault(),
            &parsed.legal_representative,
        )
        .await?,
    };
    let transition = decide_application(&facts)?;
    let due_on = app
        .calendar
        .add_working_days(act.today, app.policy.workflow.completeness_wd);
    let mut admission = Admission {
        id: act.new_id::<AdmissionId>(),
        institution,
        federation: parsed.federation,
        site_region: request.site_region.trim().to_owned(),
        address: request.address.trim().to_owned(),
        phone: request.phone.trim().to_owned(),
        state: InstitutionState::Applied,
        state_before: None,
        exit_before: None,
        stayed: None,
        grade_stayed: false,
        grade: None,
        applied_at: act.now,
        state_since: act.now,
        due_on: Some(due_on),
        returned_count: 0,
        notice_until: None,
        suspended_until: None,
        bar_until: None,
        previous: last.map(|last| last.id),
        revision: 1,
    };
    store::institutions::insert_admission(&act.tx, &admission).await?;
    let (vault, person) = (app.store.vault(), &parsed.legal_representative);
    persons::name(&act.tx, vault, admission.id, person, act.today).await?;
    crate::cases::terms::of_application(&act, &mut admission).await?;
    act.record(Entry {
        kind: "admission",
        id: admission.id.uuid(),
        act: transition.as_str(),
        to: Some(admission.state.as_str()),
        ..Entry::default()
    })
    .await?;
    let receipt = AdmissionReceipt::of(&admission, 1);
    act.finish(StatusCode::CREATED, &receipt, ("admission", admission.id))
        .await
}

/// The applicant's institution: its own, or a new one that its post is bound to from now on.
async fn own_institution(act: &mut Act, parsed: &Parsed) -> Result<Institution, Problem> {
    let code = parsed.credit_code.as_str();
    if let Some(own) = act.actor.institution {
        let own = store::institutions::institution(&act.tx, own)
            .await?
            .ok_or_else(|| Problem::internal("a post of an institution that is not there"))?;
        return if own.credit_code == code {
            Ok(own)
        } else {
            Err(Problem::field(
                "/credit_code",
                "other-institution",
                "只能为本机构申请;统一社会信用代码变更请联系受理残联。",
                "You can apply for your own institution only; a changed credit code goes through the federation.",
            ))
        };
    }
    if store::institutions::by_credit_code(&act.tx, code)
        .await?
        .is_some()
    {
        return Err(Problem::new(Code::Duplicate).with_detail(
            "这一统一社会信用代码的机构已经登记,请由该机构已有的账号办理。",
            "An institution with this credit code is registered; use an account of that institution.",
        ));
    }
    let institution = Institution {
        id: act.new_id::<InstitutionId>(),
        name: parsed.name.as_str().to_owned(),
        credit_code: code.to_owned(),
    };
    let history = [act.new_id::<Uuid>(), act.new_id::<Uuid>()];
    store::institutions::insert(&act.tx, &institution, history, act.now, act.today).await?;
    store::accounts::bind_post(&act.tx, act.actor.post, institution.id).await?;
    act.actor.institution = Some(institution.id);
    Ok(institution)
}

/// The last admission by this federation; one whose term for completion has passed lapses now (T03).
async fn lapse(
    act: &Act,
    institution: InstitutionId,
    federation: &str,
) -> Result<Option<Admission>, Problem> {
    let Some(mut last) = store::institutions::newest(&act.tx, institution, federation).await?
    else {
        return Ok(None);
    };
    let overdue = last.due_on.is_some_and(|due| act.today > due);
    if last.state == InstitutionState::Returned && overdue {
        crate::cases::lapse::lapse(&act.tx, &act.app, &mut last, Some(&act.actor)).await?;
    }
    Ok(Some(last))
}
