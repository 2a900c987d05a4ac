//! The code host: who belongs to which team of which organization.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::front::locked;

/// Members one page holds.
const PAGE: usize = 30;
const PAGE_MAX: usize = 100;

/// One person in one team.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Membership {
    /// The organization.
    pub org: String,
    /// The team.
    pub team: String,
    /// The person's login.
    pub user: String,
    /// `member` or `maintainer`.
    pub role: String,
}

/// Everything the code host knows.
#[derive(Debug)]
pub(crate) struct CodeHost {
    /// Roles by organization, login and team.
    roles: BTreeMap<(String, String, String), String>,
    capacity: usize,
}

impl CodeHost {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { roles: BTreeMap::new(), capacity }
    }

    pub(crate) fn memberships(&self) -> Vec<Membership> {
        let shown = |((org, user, team), role): (&(String, String, String), &String)| Membership {
            org: org.clone(),
            team: team.clone(),
            user: user.clone(),
            role: role.clone(),
        };
        self.roles.iter().map(shown).collect()
    }

    /// The teams of one login.
    fn teams(&self, org: &str, user: &str) -> Vec<(&str, &str)> {
        let first = (org.to_owned(), user.to_owned(), String::new());
        self.roles
            .range(first..)
            .take_while(|((known, login, _), _)| known == org && login == user)
            .map(|((_, _, team), role)| (team.as_str(), role.as_str()))
            .collect()
    }

    fn members(&self, org: &str) -> BTreeSet<&str> {
        let first = (org.to_owned(), String::new(), String::new());
        self.roles
            .range(first..)
            .take_while(|((known, _, _), _)| known == org)
            .map(|((_, login, _), _)| login.as_str())
            .collect()
    }
}

type Shared = State<Arc<Mutex<CodeHost>>>;

pub(crate) fn router(host: Arc<Mutex<CodeHost>>) -> Router {
    Router::new()
        .route("/user", get(user))
        .route("/orgs/{org}/members", get(members))
        .route("/orgs/{org}/members/{user}", get(member).delete(remove_member))
        .route("/orgs/{org}/members/{user}/teams", get(teams))
        .route(
            "/orgs/{org}/teams/{team}/memberships/{user}",
            get(membership).put(join).delete(leave),
        )
        .with_state(host)
}

async fn user() -> impl IntoResponse {
    Answer::ok(json!({ "login": "tenure-bot" }))
}

async fn members(
    State(host): Shared,
    Path(org): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> impl IntoResponse {
    let number = |name: &str, default: usize| {
        let given = query.iter().find(|(known, _)| known == name);
        given.and_then(|(_, value)| value.parse().ok()).unwrap_or(default).max(1)
    };
    let size = number("per_page", PAGE).min(PAGE_MAX);
    let skipped = (number("page", 1) - 1).saturating_mul(size);
    let host = locked(&host);
    let page = host.members(&org).into_iter().skip(skipped).take(size);
    Answer::ok(page.map(|login| json!({ "login": login })).collect())
}

async fn member(
    State(host): Shared,
    Path((org, user)): Path<(String, String)>,
) -> impl IntoResponse {
    if locked(&host).teams(&org, &user).is_empty() {
        return absent();
    }
    Answer::ok(json!({ "login": user }))
}

async fn remove_member(
    State(host): Shared,
    Path((org, user)): Path<(String, String)>,
) -> impl IntoResponse {
    let mut host = locked(&host);
    let before = host.roles.len();
    host.roles.retain(|(known, login, _), _| *known != org || *login != user);
    if host.roles.len() == before {
        return absent();
    }
    Answer::no_content().changed(true)
}

async fn teams(
    State(host): Shared,
    Path((org, user)): Path<(String, String)>,
) -> impl IntoResponse {
    let host = locked(&host);
    let teams = host.teams(&org, &user);
    Answer::ok(
        teams.into_iter().map(|(slug, role)| json!({ "slug": slug, "role": role })).collect(),
    )
}

async fn membership(
    State(host): Shared,
    Path((org, team, user)): Path<(String, String, String)>,
) -> impl IntoResponse {
    match locked(&host).roles.get(&(org, user, team)) {
        Some(role) => Answer::ok(active(role)),
        None => absent(),
    }
}

async fn join(
    State(host): Shared,
    Path((org, team, user)): Path<(String, String, String)>,
    body: Bytes,
) -> impl IntoResponse {
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let role = body["role"].as_str().unwrap_or("member");
    if !matches!(role, "member" | "maintainer") {
        return Answer::refused(StatusCode::UNPROCESSABLE_ENTITY, "role is member or maintainer");
    }
    let mut host = locked(&host);
    if host.roles.len() >= host.capacity {
        return Answer::refused(StatusCode::INSUFFICIENT_STORAGE, "the host is full");
    }
    let before = host.roles.insert((org, user, team), role.to_owned());
    Answer::ok(active(role)).changed(before.as_deref() != Some(role))
}

async fn leave(
    State(host): Shared,
    Path((org, team, user)): Path<(String, String, String)>,
) -> impl IntoResponse {
    match locked(&host).roles.remove(&(org, user, team)) {
        Some(_) => Answer::no_content().changed(true),
        None => absent(),
    }
}

fn active(role: &str) -> Value {
    json!({ "state": "active", "role": role })
}

fn absent() -> Answer {
    Answer::refused(StatusCode::NOT_FOUND, "not found")
}
