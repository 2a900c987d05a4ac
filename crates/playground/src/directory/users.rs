//! The users themselves, and what may be done to them.

use axum::http::StatusCode;
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Map, Value, json};
use uuid::Builder;

use super::index::Index;

const SCHEMA_USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(super) const SCHEMA_LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// Why something was not done.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) kind: Option<&'static str>,
    pub(crate) detail: String,
}

impl Refusal {
    pub(super) fn bad(kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind: Some(kind), detail: detail.into() }
    }

    fn absent() -> Self {
        let detail = "no user has this id".to_owned();
        Self { status: StatusCode::NOT_FOUND, kind: None, detail }
    }

    fn taken() -> Self {
        let detail = "userName is already in use".to_owned();
        Self { status: StatusCode::CONFLICT, kind: Some("uniqueness"), detail }
    }

    fn full() -> Self {
        let detail = "the directory is full".to_owned();
        Self { status: StatusCode::INSUFFICIENT_STORAGE, kind: None, detail }
    }
}

/// All users, in the order in which they came.
#[derive(Debug)]
pub(crate) struct Users {
    users: Index,
    capacity: usize,
    random: StdRng,
}

impl Users {
    pub(crate) fn new(capacity: usize, seed: Option<u64>) -> Self {
        let random = seed.map_or_else(StdRng::from_os_rng, StdRng::seed_from_u64);
        Self { users: Index::default(), capacity, random }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Value> {
        self.users.iter()
    }

    pub(super) fn get(&self, id: &str) -> Result<&Value, Refusal> {
        self.users.get(id).ok_or_else(Refusal::absent)
    }

    pub(crate) fn create(&mut self, given: Value, now: Timestamp) -> Result<Value, Refusal> {
        let name = user_name(&given)?;
        if self.users.named(&name).is_some() {
            return Err(Refusal::taken());
        }
        if self.users.len() >= self.capacity {
            return Err(Refusal::full());
        }
        let id = Builder::from_random_bytes(self.random.random()).into_uuid().to_string();
        let meta = json!({
            "resourceType": "User",
            "created": now.to_string(),
            "lastModified": now.to_string(),
            "location": format!("/scim/v2/Users/{id}"),
        });
        let user = shaped(given, &id, meta);
        self.users.put(&id, name, user.clone());
        Ok(user)
    }

    /// Puts another state in place of a user, and says whether anything differs.
    pub(super) fn replace(
        &mut self,
        id: &str,
        given: Value,
        now: Timestamp,
    ) -> Result<(Value, bool), Refusal> {
        let before = self.get(id)?;
        let name = user_name(&given)?;
        if self.users.named(&name).is_some_and(|holder| holder != id) {
            return Err(Refusal::taken());
        }
        let mut after = shaped(given, id, before["meta"].clone());
        if after == *before {
            return Ok((after, false));
        }
        after["meta"]["lastModified"] = json!(now.to_string());
        self.users.put(id, name, after.clone());
        Ok((after, true))
    }

    pub(super) fn remove(&mut self, id: &str) -> Result<(), Refusal> {
        self.users.remove(id).then_some(()).ok_or_else(Refusal::absent)
    }
}

fn user_name(given: &Value) -> Result<String, Refusal> {
    given["userName"]
        .as_str()
        .filter(|name| !name.trim().is_empty())
        .map(str::to_lowercase)
        .ok_or_else(|| Refusal::bad("invalidValue", "userName is required"))
}

/// What is stored of what was given: no nulls, and nothing that is ours to say.
fn shaped(given: Value, id: &str, meta: Value) -> Value {
    let mut user = Map::new();
    user.insert("schemas".to_owned(), json!([SCHEMA_USER]));
    user.insert("id".to_owned(), json!(id));
    user.insert("meta".to_owned(), meta);
    if let Value::Object(given) = given {
        for (name, value) in given {
            if !value.is_null() && name != "id" && name != "meta" {
                user.insert(name, value);
            }
        }
    }
    user.entry("active").or_insert(json!(true));
    Value::Object(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(names: &[&str]) -> Users {
        let mut users = Users::new(3, Some(1));
        for name in names {
            users.create(json!({ "userName": name }), Timestamp::UNIX_EPOCH).unwrap();
        }
        users
    }

    fn id(users: &Users, index: usize) -> String {
        users.all().nth(index).unwrap()["id"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_name_is_taken_once_whatever_its_case() {
        let mut users = users(&["ann@acme.example"]);
        let again = users.create(json!({ "userName": "ANN@acme.example" }), Timestamp::UNIX_EPOCH);
        assert_eq!(again.unwrap_err().status, StatusCode::CONFLICT);
        let ann = id(&users, 0);
        users.remove(&ann).unwrap();
        users.create(json!({ "userName": "ann@acme.example" }), Timestamp::UNIX_EPOCH).unwrap();
    }

    #[test]
    fn a_renamed_user_frees_the_old_name() {
        let mut users = users(&["ann", "bo"]);
        let ann = id(&users, 0);
        let taken = users.replace(&ann, json!({ "userName": "Bo" }), Timestamp::UNIX_EPOCH);
        assert_eq!(taken.unwrap_err().kind, Some("uniqueness"));
        let (_, changed) =
            users.replace(&ann, json!({ "userName": "ann2" }), Timestamp::UNIX_EPOCH).unwrap();
        assert!(changed);
        users.create(json!({ "userName": "ann" }), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(id(&users, 0), ann, "a change keeps a user's place in lists");
    }

    #[test]
    fn what_changes_nothing_says_so() {
        let mut users = users(&["ann"]);
        let ann = id(&users, 0);
        let same = users.get(&ann).unwrap().clone();
        let later = Timestamp::from_second(9).unwrap();
        let (user, changed) = users.replace(&ann, same.clone(), later).unwrap();
        assert!(!changed);
        assert_eq!(user, same);
    }

    #[test]
    fn seeds_and_bounds_hold() {
        assert_eq!(id(&users(&["ann"]), 0), id(&users(&["bo"]), 0));
        let mut full = users(&["a", "b", "c"]);
        let more = full.create(json!({ "userName": "d" }), Timestamp::UNIX_EPOCH);
        assert_eq!(more.unwrap_err().status, StatusCode::INSUFFICIENT_STORAGE);
        let nameless = full.create(json!({ "userName": " " }), Timestamp::UNIX_EPOCH);
        assert_eq!(nameless.unwrap_err().kind, Some("invalidValue"));
    }

    #[test]
    fn ids_and_nulls_from_outside_are_dropped() {
        let mut users = users(&[]);
        let given = json!({ "userName": "ann", "id": "mine", "meta": 1, "title": null });
        let user = users.create(given, Timestamp::UNIX_EPOCH).unwrap();
        assert_ne!(user["id"], "mine");
        assert_eq!(user["meta"]["resourceType"], "User");
        assert!(user.get("title").is_none());
        assert_eq!(user["active"], true);
    }
}
