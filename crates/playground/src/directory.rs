//! The people directory: SCIM users, as much of RFC 7644 as workflows use.

mod filter;
mod index;
mod patch;
mod users;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::front::locked;
use filter::Filter;
pub(crate) use users::Users;
use users::{Refusal, SCHEMA_LIST};

/// Most users one page holds.
const PAGE_MAX: usize = 200;
const SCHEMA_ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

type Shared = State<Arc<Mutex<Users>>>;

pub(crate) fn router(users: Arc<Mutex<Users>>) -> Router {
    Router::new()
        .route("/scim/v2/ServiceProviderConfig", get(service_provider_config))
        .route("/scim/v2/Users", get(list).post(create))
        .route("/scim/v2/Users/{id}", get(read).put(replace).patch(patch).delete(remove))
        .with_state(users)
}

async fn service_provider_config() -> impl IntoResponse {
    let supported = |yes: bool| json!({ "supported": yes });
    Answer::ok(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": supported(true),
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": PAGE_MAX },
        "changePassword": supported(false),
        "sort": supported(false),
        "etag": supported(false),
        "authenticationSchemes": [
            { "type": "httpbasic", "name": "basic", "description": "user name and password" },
        ],
    }))
    .scim()
}

async fn create(State(users): Shared, body: Bytes) -> impl IntoResponse {
    answer(object(&body).and_then(|given| {
        let user = locked(&users).create(given, Timestamp::now())?;
        Ok(Answer::new(StatusCode::CREATED, user).changed(true))
    }))
}

async fn list(
    State(users): Shared,
    Query(query): Query<Vec<(String, String)>>,
) -> impl IntoResponse {
    let given = |name: &str| {
        query.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let number = |name: &str, default: usize| match given(name) {
        None => Ok(default),
        // A negative count means zero and a start before one means one (RFC 7644, 3.4.2.4).
        Some(text) => text
            .parse::<i64>()
            .map(|number| usize::try_from(number).unwrap_or(0))
            .map_err(|_| Refusal::bad("invalidValue", format!("{name} must be a whole number"))),
    };
    let page = || {
        let filter = given("filter").map(|text| Filter::parse(text)).transpose();
        let filter = filter.map_err(|why| Refusal::bad("invalidFilter", why))?;
        let start = number("startIndex", 1)?.max(1);
        let count = number("count", PAGE_MAX)?.min(PAGE_MAX);
        let users = locked(&users);
        let found: Vec<&Value> = users
            .all()
            .filter(|user| filter.as_ref().is_none_or(|filter| filter.matches(user)))
            .collect();
        let resources: Vec<&Value> = found.iter().skip(start - 1).take(count).copied().collect();
        Ok(Answer::ok(json!({
            "schemas": [SCHEMA_LIST],
            "totalResults": found.len(),
            "startIndex": start,
            "itemsPerPage": resources.len(),
            "Resources": resources,
        })))
    };
    answer(page())
}

async fn read(State(users): Shared, Path(id): Path<String>) -> impl IntoResponse {
    answer(locked(&users).get(&id).map(|user| Answer::ok(user.clone())))
}

async fn replace(State(users): Shared, Path(id): Path<String>, body: Bytes) -> impl IntoResponse {
    answer(object(&body).and_then(|given| {
        let (user, changed) = locked(&users).replace(&id, given, Timestamp::now())?;
        Ok(Answer::ok(user).changed(changed))
    }))
}

async fn patch(State(users): Shared, Path(id): Path<String>, body: Bytes) -> impl IntoResponse {
    answer(object(&body).and_then(|given| {
        let mut users = locked(&users);
        let mut user = users.get(&id)?.clone();
        patch::apply(&mut user, &given).map_err(|(kind, why)| Refusal::bad(kind, why))?;
        let (user, changed) = users.replace(&id, user, Timestamp::now())?;
        Ok(Answer::ok(user).changed(changed))
    }))
}

async fn remove(State(users): Shared, Path(id): Path<String>) -> impl IntoResponse {
    answer(locked(&users).remove(&id).map(|()| Answer::no_content().changed(true)))
}

fn object(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| Refusal::bad("invalidSyntax", "the body must be a JSON object"))
}

fn answer(result: Result<Answer, Refusal>) -> Answer {
    let answer = result.unwrap_or_else(|refusal| {
        let mut body = json!({
            "schemas": [SCHEMA_ERROR],
            "status": refusal.status.as_u16().to_string(),
            "detail": refusal.detail,
        });
        if let Some(kind) = refusal.kind {
            body["scimType"] = json!(kind);
        }
        Answer::new(refusal.status, body)
    });
    answer.scim()
}
