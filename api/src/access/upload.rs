//! A form of a staff page with one file: the fields and the check of where it came from are those of every other form.

use axum::extract::{FromRequest, Multipart, Request};
use std::collections::HashMap;

use super::browser::{OwnForm, from_our_page};
use crate::app::App;
use crate::extract::media_type;
use crate::problem::{Code, Problem};

/// Longest field that is no file, in bytes.
const FIELD_LIMIT: usize = 4 * 1024;

/// Fields and file of a form that came from a page of ours.
#[derive(Debug)]
pub struct OwnUpload {
    /// The other fields.
    pub form: OwnForm,
    /// The file; empty when none was chosen.
    pub file: Vec<u8>,
}

impl FromRequest<App> for OwnUpload {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        let told = from_our_page(app, &headers)?;
        if media_type(&headers)? != "multipart/form-data" {
            return Err(Problem::new(Code::UnsupportedMediaType));
        }
        let broken = |_| Problem::new(Code::MalformedRequest);
        let mut form = Multipart::from_request(request, app)
            .await
            .map_err(|_| Problem::new(Code::MalformedRequest))?;
        let most = app.border.figures.sizes.upload_bytes;
        let (mut fields, mut file) = (HashMap::new(), None);
        while let Some(mut field) = form.next_field().await.map_err(broken)? {
            let name = field.name().unwrap_or("").to_owned();
            let is_file = field.file_name().is_some();
            let limit = if is_file { most } else { FIELD_LIMIT };
            let mut bytes = Vec::new();
            while let Some(chunk) = field.chunk().await.map_err(broken)? {
                if bytes.len() + chunk.len() > limit {
                    return Err(Problem::new(Code::TooLarge));
                }
                bytes.extend_from_slice(&chunk);
            }
            let twice = if is_file {
                file.replace(bytes).is_some()
            } else {
                let text = String::from_utf8(bytes)
                    .ok()
                    .filter(|text| !text.contains('\0'))
                    .ok_or_else(|| Problem::new(Code::MalformedRequest))?;
                fields.insert(name, text).is_some()
            };
            if twice {
                return Err(Problem::new(Code::MalformedRequest));
            }
        }
        Ok(Self {
            form: OwnForm::checked(app, &headers, told, fields)?,
            file: file.unwrap_or_default(),
        })
    }
}
