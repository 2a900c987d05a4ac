//! SCIM PATCH: add, replace and remove attributes.

use serde_json::{Map, Value, json};

/// Beginning of attribute names that hold dots themselves.
const EXTENSION: &str = "urn:";
/// Most operations in one request.
const OPERATIONS_MAX: usize = 100;

type Complaint = (&'static str, String);

/// Applies all operations to a user, or says why not.
pub(super) fn apply(user: &mut Value, request: &Value) -> Result<(), Complaint> {
    let operations = request["Operations"]
        .as_array()
        .ok_or_else(|| ("invalidSyntax", "Operations must be a list".to_owned()))?;
    if operations.len() > OPERATIONS_MAX {
        return Err(("tooMany", format!("at most {OPERATIONS_MAX} operations are taken")));
    }
    for operation in operations {
        // Entra ID capitalizes operations; servers are expected to bear it.
        let name = operation["op"].as_str().unwrap_or_default().to_ascii_lowercase();
        let path = operation["path"].as_str();
        let value = operation.get("value").cloned().unwrap_or(Value::Null);
        match (name.as_str(), path) {
            ("add" | "replace", None) => merge(user, value)?,
            ("add" | "replace", Some(path)) => put(user, &steps(path)?, value, name == "add"),
            ("remove", Some(path)) => put(user, &steps(path)?, Value::Null, false),
            ("remove", None) => return Err(("noTarget", "remove needs a path".to_owned())),
            _ => return Err(("invalidSyntax", "op must be add, replace or remove".to_owned())),
        }
    }
    Ok(())
}

fn merge(user: &mut Value, value: Value) -> Result<(), Complaint> {
    let Value::Object(attributes) = value else {
        return Err(("invalidValue", "without a path the value must be a map".to_owned()));
    };
    for (name, value) in attributes {
        match value {
            Value::Object(members) => {
                for (member, value) in members {
                    put(user, &[name.clone(), member], value, false);
                }
            }
            value => put(user, &[name], value, false),
        }
    }
    Ok(())
}

/// The names a path leads through.
fn steps(path: &str) -> Result<Vec<String>, Complaint> {
    if path.contains('[') {
        return Err(("invalidPath", "paths with a filter are not supported".to_owned()));
    }
    let names: Vec<String> = if path.starts_with(EXTENSION) {
        // urn:…:User:department; the schema itself holds dots and colons.
        let (schema, attribute) = path.rsplit_once(':').unwrap_or((path, ""));
        vec![schema.to_owned(), attribute.to_owned()]
    } else {
        path.split('.').map(str::to_owned).collect()
    };
    if names.iter().any(String::is_empty) || names.len() > 3 {
        return Err(("invalidPath", "the path does not name an attribute".to_owned()));
    }
    Ok(names)
}

/// Sets what the names lead to; null takes it away.
fn put(at: &mut Value, names: &[String], value: Value, append: bool) {
    let Some((name, rest)) = names.split_first() else { return };
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    let Some(members) = at.as_object_mut() else { return };
    // Attribute names have no case; the spelling that is there stays.
    let known = members.keys().find(|known| known.eq_ignore_ascii_case(name)).cloned();
    let name = known.unwrap_or_else(|| name.clone());
    if !rest.is_empty() {
        put(members.entry(name).or_insert_with(|| json!({})), rest, value, append);
        return;
    }
    match (members.get_mut(&name), value) {
        (_, Value::Null) => {
            members.remove(&name);
        }
        (Some(Value::Array(items)), Value::Array(more)) if append => {
            let fresh: Vec<Value> = more.into_iter().filter(|item| !items.contains(item)).collect();
            items.extend(fresh);
        }
        (_, value) => {
            members.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    fn check(operation: Value, expected: Value) {
        let mut user = json!({ "userName": "ann", "active": true, "tags": ["a"] });
        apply(&mut user, &json!({ "Operations": [operation] })).unwrap();
        assert_eq!(user, expected);
    }

    #[test]
    fn attributes_are_set_and_taken_away() {
        check(
            json!({ "op": "Replace", "path": "active", "value": false }),
            json!({ "userName": "ann", "active": false, "tags": ["a"] }),
        );
        check(
            json!({ "op": "replace", "value": { "title": "Lead", "ACTIVE": false } }),
            json!({ "userName": "ann", "active": false, "tags": ["a"], "title": "Lead" }),
        );
        check(
            json!({ "op": "add", "path": "name.givenName", "value": "Ann" }),
            json!({ "userName": "ann", "active": true, "tags": ["a"], "name": { "givenName": "Ann" } }),
        );
        check(
            json!({ "op": "replace", "path": format!("{ENTERPRISE}:department"), "value": "Sales" }),
            json!({ "userName": "ann", "active": true, "tags": ["a"], ENTERPRISE: { "department": "Sales" } }),
        );
        check(
            json!({ "op": "add", "path": "tags", "value": ["a", "b"] }),
            json!({ "userName": "ann", "active": true, "tags": ["a", "b"] }),
        );
        check(
            json!({ "op": "remove", "path": "tags" }),
            json!({ "userName": "ann", "active": true }),
        );
    }

    #[test]
    fn wrong_operations_are_refused() {
        let check = |request: Value, kind: &str| {
            let refused = apply(&mut json!({}), &request).unwrap_err();
            assert_eq!(refused.0, kind, "{request}");
        };
        check(json!({}), "invalidSyntax");
        check(json!({ "Operations": [{ "op": "move" }] }), "invalidSyntax");
        check(json!({ "Operations": [{ "op": "remove" }] }), "noTarget");
        check(json!({ "Operations": [{ "op": "add", "value": 1 }] }), "invalidValue");
        check(
            json!({ "Operations": [{ "op": "add", "path": "emails[type eq \"work\"].value" }] }),
            "invalidPath",
        );
        check(json!({ "Operations": [{ "op": "add", "path": "a..b" }] }), "invalidPath");
        let many = vec![json!({ "op": "add", "path": "a", "value": 1 }); OPERATIONS_MAX + 1];
        check(json!({ "Operations": many }), "tooMany");
    }
}
