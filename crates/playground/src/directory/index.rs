//! Users by id and by name, in the order in which they came.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

/// Keeps thousands of users quick to reach.
#[derive(Debug, Default)]
pub(super) struct Index {
    users: BTreeMap<u64, Held>,
    numbers: HashMap<String, u64>,
    ids: HashMap<String, String>,
    next: u64,
}

#[derive(Debug)]
struct Held {
    name: String,
    user: Value,
}

impl Index {
    pub(super) fn len(&self) -> usize {
        self.users.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Value> {
        self.users.values().map(|held| &held.user)
    }

    pub(super) fn get(&self, id: &str) -> Option<&Value> {
        self.users.get(self.numbers.get(id)?).map(|held| &held.user)
    }

    /// The id of whoever has this name.
    pub(super) fn named(&self, name: &str) -> Option<&str> {
        self.ids.get(name).map(String::as_str)
    }

    /// Adds a user, or puts another state in its place.
    pub(super) fn put(&mut self, id: &str, name: String, user: Value) {
        let next = &mut self.next;
        let number = *self.numbers.entry(id.to_owned()).or_insert_with(|| {
            *next += 1;
            *next
        });
        if let Some(before) = self.users.insert(number, Held { name: name.clone(), user }) {
            self.ids.remove(&before.name);
        }
        self.ids.insert(name, id.to_owned());
    }

    /// Removes a user and says whether there was one.
    pub(super) fn remove(&mut self, id: &str) -> bool {
        let held = self.numbers.remove(id).and_then(|number| self.users.remove(&number));
        held.map(|held| self.ids.remove(&held.name)).is_some()
    }
}
