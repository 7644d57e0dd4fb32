//! Who may do what: accounts, session tokens, permissions, and the extractor that a handler's signature names.

pub mod accounts;
pub mod json;
pub mod passwords;
pub mod permissions;
pub mod sessions;

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use domain::access::Actor;

use crate::app::App;
use crate::problem::{Code, Problem};
use permissions::Permission;

/// The signed-in actor, holding permission `P`. A handler without such an argument is public.
#[derive(Clone, Debug)]
pub struct By<P> {
    /// Who acts.
    pub actor: Actor,
    permission: PhantomData<P>,
}

impl<P: Permission> FromRequestParts<App> for By<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(|| Problem::new(Code::Unauthenticated))?;
        let actor = accounts::actor_of_token(app, token).await?;
        crate::audit::origin::know(&actor);
        if !P::allows(actor.role) {
            let who: Vec<&str> = P::roles().iter().map(|role| role.zh()).collect();
            let who_en: Vec<&str> = P::roles().iter().map(|role| role.en()).collect();
            return Err(Problem::new(Code::Forbidden).with_detail(
                format!("您的岗位没有这项权限;可以办理的是:{}。", who.join("、")),
                format!(
                    "Your post does not have this permission; it belongs to: {}.",
                    who_en.join(", ")
                ),
            ));
        }
        Ok(Self {
            actor,
            permission: PhantomData,
        })
    }
}
