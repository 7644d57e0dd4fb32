//! How assessor and sample are drawn, for everybody: list, checkpoint, order. Whom the assessment is about and who is in
//! the sample is not told (docs/formats.md 19).

use axum::Json;
use axum::extract::State;
use domain::ids::AssessmentId;
use serde::Serialize;
use store::assessments::candidates::Candidate;
use store::assessments::{Population, Root};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::Path;
use crate::problem::{Problem, ProblemBody};

pub(super) fn public_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(public_lot))
}

/// Somebody on the list of candidates.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CandidateResponse {
    /// The accreditation: what is drawn.
    assessor: String,
    /// The organisation.
    organisation: String,
    /// Place in the order of the draw, from 1.
    place: Option<u32>,
    /// `listed drawn conflict replaced`.
    standing: &'static str,
}

impl From<Candidate> for CandidateResponse {
    fn from(row: Candidate) -> Self {
        Self {
            assessor: row.assessor.to_string(),
            organisation: row.organisation,
            place: row.place,
            standing: row.standing.as_str(),
        }
    }
}

/// The checkpoint that decided a draw.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DrawResponse {
    /// Size of the checkpoint.
    size: u64,
    /// Its root hash, hexadecimal.
    root: String,
}

impl From<Root> for DrawResponse {
    fn from(root: Root) -> Self {
        Self {
            size: root.size,
            root: hex(&root.hash),
        }
    }
}

pub(super) fn hex(bytes: &[u8; 32]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// How the sample was drawn; not who is in it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SampleResponse {
    /// Trainees of the period.
    population: u32,
    /// SHA-256 of the list of their enrolments, hexadecimal.
    population_sha256: String,
    /// Trainees drawn.
    drawn: u32,
    /// The checkpoint.
    draw: DrawResponse,
}

pub(super) fn sample_of(app: &App, sample: Population) -> SampleResponse {
    SampleResponse {
        population: sample.count,
        population_sha256: hex(&sample.sha256),
        drawn: app.evidence.assessment.sample_of(sample.count),
        draw: sample.root.into(),
    }
}

/// A candidate as everybody sees them.
#[derive(Debug, Serialize, ToSchema)]
struct LotTicket {
    /// The accreditation: what is drawn.
    assessor: String,
    /// The organisation.
    organisation: String,
    /// Place in the order of the draw, from 1.
    place: Option<u32>,
}

/// A draw as everybody sees it.
#[derive(Debug, Serialize, ToSchema)]
struct LotResponse {
    /// The assessment.
    assessment: String,
    /// Leaves of the public log when the list was fixed: the first checkpoint beyond decides.
    listed_size: u64,
    /// SHA-256 of the list, hexadecimal.
    list_sha256: String,
    /// The list, in the order of the draw.
    candidates: Vec<LotTicket>,
    /// The checkpoint that decided; none before the draw.
    draw: Option<DrawResponse>,
    /// The sample of whoever holds the assessment.
    sample: Option<SampleResponse>,
}

/// How the assessor and the sample of an assessment are drawn, so that anybody can draw again.
#[utoipa::path(get, path = "/api/v1/lots/{id}", tag = "assessments", params(("id" = String, Path)),
    responses((status = 200, body = LotResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn public_lot(
    State(app): State<App>,
    Path(id): Path<AssessmentId>,
) -> Result<Json<LotResponse>, Problem> {
    let (row, list) = store::assessments::for_the_draw(app.store.public(), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    Ok(Json(LotResponse {
        assessment: id.to_string(),
        listed_size: row.listed_size,
        list_sha256: hex(&row.list_sha256),
        candidates: list
            .into_iter()
            .map(|one| LotTicket {
                assessor: one.assessor.to_string(),
                organisation: one.organisation,
                place: one.place,
            })
            .collect(),
        draw: row.draw.map(Into::into),
        sample: row.sample.map(|sample| sample_of(&app, sample)),
    }))
}
