//! The personnel office: who is employed, and what it was told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::front::locked;

/// Most records one page holds.
const PAGE_MAX: usize = 100;

/// Who works at Acme before anyone joins.
const STAFF: [(&str, &str, &str); 5] = [
    ("grace@acme.example", "Grace Okafor", "Engineering"),
    ("liam@acme.example", "Liam Petrov", "Engineering"),
    ("mei@acme.example", "Mei Tanaka", "Finance"),
    ("noor@acme.example", "Noor Haddad", "People"),
    ("omar@acme.example", "Omar Silva", "Sales"),
];

/// Something the office was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Whom it is about.
    pub email: String,
    /// What happened, such as `joined`.
    pub what: String,
    /// When it was told.
    pub at: Timestamp,
}

/// Everything the office knows.
#[derive(Debug)]
pub(crate) struct Personnel {
    people: BTreeMap<String, Value>,
    notices: VecDeque<Notice>,
    capacity: usize,
}

impl Personnel {
    pub(crate) fn new(capacity: usize) -> Self {
        let people = STAFF.into_iter().map(|(email, name, department)| {
            let record = json!({
                "email": email, "name": name, "department": department, "status": "employed",
            });
            (email.to_owned(), record)
        });
        Self { people: people.collect(), notices: VecDeque::new(), capacity }
    }

    pub(crate) fn people(&self) -> Vec<Value> {
        self.people.values().cloned().collect()
    }

    pub(crate) fn notices(&self) -> Vec<Notice> {
        self.notices.iter().cloned().collect()
    }
}

type Shared = State<Arc<Mutex<Personnel>>>;

pub(crate) fn router(office: Arc<Mutex<Personnel>>) -> Router {
    Router::new()
        .route("/v1/people", get(list))
        .route("/v1/people/{email}", get(read).put(write).delete(remove))
        .route("/v1/notices", post(notify))
        .with_state(office)
}

/// A page of records; `offset` and `limit`, and `next` says where to go on.
async fn list(
    State(office): Shared,
    Query(query): Query<Vec<(String, String)>>,
) -> impl IntoResponse {
    let given = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let number = |name: &str, default: usize| {
        given(name).and_then(|value| value.parse().ok()).unwrap_or(default)
    };
    let offset = number("offset", 0);
    let limit = number("limit", PAGE_MAX).clamp(1, PAGE_MAX);
    let office = locked(&office);
    let wanted =
        |record: &&Value| given("status").is_none_or(|status| record["status"] == **status);
    let found: Vec<&Value> = office.people.values().filter(wanted).collect();
    let page: Vec<&Value> = found.iter().skip(offset).take(limit).copied().collect();
    let end = offset.saturating_add(page.len());
    let next = (end < found.len()).then_some(end);
    Answer::ok(json!({ "people": page, "total": found.len(), "next": next }))
}

async fn read(State(office): Shared, Path(email): Path<String>) -> impl IntoResponse {
    match locked(&office).people.get(&email.to_lowercase()) {
        Some(record) => Answer::ok(record.clone()),
        None => Answer::refused(StatusCode::NOT_FOUND, "no such person"),
    }
}

async fn write(State(office): Shared, Path(email): Path<String>, body: Bytes) -> impl IntoResponse {
    let Ok(Value::Object(mut record)) = serde_json::from_slice(&body) else {
        return Answer::refused(StatusCode::BAD_REQUEST, "the body must be a JSON object");
    };
    let email = email.to_lowercase();
    record.insert("email".to_owned(), json!(email));
    record.entry("status").or_insert(json!("employed"));
    let record = Value::Object(record);
    let mut office = locked(&office);
    if office.people.len() >= office.capacity && !office.people.contains_key(&email) {
        return Answer::refused(StatusCode::INSUFFICIENT_STORAGE, "the office is full");
    }
    let before = office.people.insert(email, record.clone());
    Answer::ok(record.clone()).changed(before.as_ref() != Some(&record))
}

async fn remove(State(office): Shared, Path(email): Path<String>) -> impl IntoResponse {
    match locked(&office).people.remove(&email.to_lowercase()) {
        Some(_) => Answer::no_content().changed(true),
        None => Answer::refused(StatusCode::NOT_FOUND, "no such person"),
    }
}

async fn notify(State(office): Shared, body: Bytes) -> impl IntoResponse {
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let (Some(email), Some(what)) = (body["email"].as_str(), body["what"].as_str()) else {
        return Answer::refused(StatusCode::BAD_REQUEST, "email and what are required");
    };
    let notice = Notice { email: email.to_owned(), what: what.to_owned(), at: Timestamp::now() };
    let mut office = locked(&office);
    if office.notices.len() >= office.capacity {
        office.notices.pop_front();
    }
    office.notices.push_back(notice);
    Answer::new(StatusCode::CREATED, json!({ "noted": true })).changed(true)
}
