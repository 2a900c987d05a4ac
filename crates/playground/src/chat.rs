//! The chat: members, messages, sessions.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::front::locked;

/// Longest text of one message, in characters.
const TEXT_MAX: usize = 4_000;

/// One message that was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The channel, as the caller wrote it.
    pub channel: String,
    /// What it says.
    pub text: String,
    /// When it was posted.
    pub at: Timestamp,
}

/// Everything the chat knows.
#[derive(Debug)]
pub(crate) struct Chat {
    messages: VecDeque<Message>,
    members: BTreeMap<String, Member>,
    posted: u64,
    capacity: usize,
}

#[derive(Debug)]
struct Member {
    id: String,
    name: Option<String>,
    /// Signed in somewhere; a reset ends that.
    sessions: bool,
}

impl Chat {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { messages: VecDeque::new(), members: BTreeMap::new(), posted: 0, capacity }
    }

    pub(crate) fn messages(&self) -> Vec<Message> {
        self.messages.iter().cloned().collect()
    }

    pub(crate) fn members(&self) -> Vec<String> {
        self.members.keys().cloned().collect()
    }
}

type Shared = State<Arc<Mutex<Chat>>>;

pub(crate) fn router(chat: Arc<Mutex<Chat>>) -> Router {
    Router::new()
        .route("/api/auth.test", get(auth_test).post(auth_test))
        .route("/api/chat.postMessage", post(post_message))
        .route("/api/users.invite", post(invite))
        .route("/api/users.lookupByEmail", get(look_up))
        .route("/api/users.remove", post(remove))
        .route("/api/users.resetSessions", post(reset_sessions))
        .with_state(chat)
}

async fn auth_test() -> impl IntoResponse {
    Answer::ok(json!({ "ok": true, "team": "Acme" }))
}

async fn post_message(State(chat): Shared, body: Bytes) -> impl IntoResponse {
    let (channel, text) = match (text_of(&body, "channel"), text_of(&body, "text")) {
        (Some(channel), Some(text)) => (channel, text),
        (None, _) => return Answer::refused(StatusCode::BAD_REQUEST, "no_channel"),
        (_, None) => return Answer::refused(StatusCode::BAD_REQUEST, "no_text"),
    };
    if text.chars().count() > TEXT_MAX {
        return Answer::refused(StatusCode::BAD_REQUEST, "msg_too_long");
    }
    let at = Timestamp::now();
    let mut chat = locked(&chat);
    chat.posted += 1;
    // A message is named by its time; the counter keeps two of one second apart.
    let ts = format!("{}.{:06}", at.as_second(), chat.posted);
    if chat.messages.len() >= chat.capacity {
        chat.messages.pop_front();
    }
    chat.messages.push_back(Message { channel: channel.clone(), text, at });
    Answer::ok(json!({ "ok": true, "channel": channel, "ts": ts })).changed(true)
}

async fn invite(State(chat): Shared, body: Bytes) -> impl IntoResponse {
    let Some(email) = email_of(&body) else {
        return Answer::refused(StatusCode::BAD_REQUEST, "invalid_email");
    };
    let mut chat = locked(&chat);
    if let Some(member) = chat.members.get(&email) {
        let body =
            json!({ "ok": false, "error": "already_invited", "user": shown(&email, member) });
        return Answer::new(StatusCode::CONFLICT, body);
    }
    if chat.members.len() >= chat.capacity {
        return Answer::refused(StatusCode::INSUFFICIENT_STORAGE, "team_is_full");
    }
    let id = format!("U{:06}", chat.members.len() + 1);
    let member = Member { id, name: text_of(&body, "name"), sessions: true };
    let user = shown(&email, &member);
    chat.members.insert(email, member);
    Answer::ok(json!({ "ok": true, "user": user })).changed(true)
}

async fn look_up(
    State(chat): Shared,
    Query(query): Query<Vec<(String, String)>>,
) -> impl IntoResponse {
    let email =
        query.iter().find(|(name, _)| name == "email").map(|(_, email)| email.to_lowercase());
    match email.and_then(|email| {
        let chat = locked(&chat);
        chat.members.get(&email).map(|member| shown(&email, member))
    }) {
        Some(user) => Answer::ok(json!({ "ok": true, "user": user })),
        None => Answer::refused(StatusCode::NOT_FOUND, "users_not_found"),
    }
}

async fn remove(State(chat): Shared, body: Bytes) -> impl IntoResponse {
    let removed = email_of(&body).and_then(|email| locked(&chat).members.remove(&email));
    match removed {
        Some(_) => Answer::ok(json!({ "ok": true })).changed(true),
        None => Answer::refused(StatusCode::NOT_FOUND, "users_not_found"),
    }
}

async fn reset_sessions(State(chat): Shared, body: Bytes) -> impl IntoResponse {
    let mut chat = locked(&chat);
    match email_of(&body).and_then(|email| chat.members.get_mut(&email)) {
        Some(member) => {
            let ended = std::mem::replace(&mut member.sessions, false);
            Answer::ok(json!({ "ok": true })).changed(ended)
        }
        None => Answer::refused(StatusCode::NOT_FOUND, "users_not_found"),
    }
}

fn shown(email: &str, member: &Member) -> Value {
    json!({ "id": member.id, "email": email, "name": member.name })
}

/// A text member of a JSON body; empty counts as absent.
fn text_of(body: &[u8], name: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn email_of(body: &[u8]) -> Option<String> {
    text_of(body, "email").filter(|email| email.contains('@')).map(|email| email.to_lowercase())
}
