use super::*;
use proptest::prelude::*;
use serde_json::json;

fn select(path: &str, value: &Value) -> Value {
    Path::compile(path).unwrap_or_else(|error| panic!("{path}: {error}")).select(value)
}

fn refusal(path: &str) -> String {
    Path::compile(path).expect_err(path).message
}

#[test]
fn a_singular_path_yields_a_value_or_null() {
    let value = json!({"a": {"b": [10, {"c d": true}]}, "n": null});
    for (path, expected) in [
        ("$", value.clone()),
        ("$ .a ['b'] [ 0 ]", json!(10)),
        ("$.a.b[0]", json!(10)),
        ("$.a.b[-1]['c d']", json!(true)),
        ("$['a']['b'][1][\"c d\"]", json!(true)),
        ("$.a.x.y", json!(null)),
        ("$.a.b[7]", json!(null)),
        ("$.a.b[-3]", json!(null)),
        ("$.n", json!(null)),
        ("$.n.x", json!(null)),
    ] {
        assert!(Path::compile(path).unwrap().is_singular(), "{path}");
        assert_eq!(select(path, &value), expected, "{path}");
    }
}

#[test]
fn any_other_path_yields_a_list() {
    let value = json!({"u": [
        {"id": 1, "on": true, "tags": ["a", "b"], "name": "Ada"},
        {"id": 2, "on": false, "tags": [], "name": "Bob"},
        {"id": 3, "tags": ["b"], "name": "Cy\rd"},
    ]});
    for (path, expected) in [
        ("$.u[*].id", json!([1, 2, 3])),
        ("$.u[0,2].id", json!([1, 3])),
        ("$.u[1:].id", json!([2, 3])),
        ("$.u[::-1].id", json!([3, 2, 1])),
        ("$.u[-2:].id", json!([2, 3])),
        ("$.u[2:0:-1].id", json!([3, 2])),
        ("$.u[::0].id", json!([])),
        ("$..id", json!([1, 2, 3])),
        ("$.u[?@.on].id", json!([1, 2])),
        ("$.u[?@.on == true].id", json!([1])),
        ("$.u[?!@.on].id", json!([3])),
        ("$.u[?@.id >= 2 && @.on == false || @.id == 1].id", json!([1, 2])),
        ("$.u[?@.id > 1.5].id", json!([2, 3])),
        ("$.u[?@.id == 1.0].id", json!([1])),
        ("$.u[?@.name < 'B'].id", json!([1])),
        ("$.u[?@.missing == @.absent].id", json!([1, 2, 3])),
        ("$.u[?@.missing < 1].id", json!([])),
        ("$.u[?length(@.tags) == 2].id", json!([1])),
        ("$.u[?length(@.name) > 3].id", json!([3])),
        ("$.u[?count(@.tags[*]) >= 1].id", json!([1, 3])),
        ("$.u[?value(@.tags[*]) == 'b'].id", json!([3])),
        ("$.u[?match(@.name, 'A.a|B')].id", json!([1])),
        ("$.u[?search(@.name, 'o')].id", json!([2])),
        ("$.u[?match(@.name, 'Cy.d')].id", json!([])),
        ("$.u[?match(@.id, '1')].id", json!([])),
        ("$.u[?@.id == $.u[0].id].name", json!(["Ada"])),
        ("$.u[?@.tags == ['a', 'b']].id", json!(null)),
    ] {
        if path.contains("['a', 'b']") {
            // RFC 9535 has no list literals.
            assert!(Path::compile(path).is_err());
            continue;
        }
        assert_eq!(select(path, &value), expected, "{path}");
    }
}

// === where jsonpath-rust leaves RFC 9535 ===

#[test]
fn descendants_keep_the_order_of_the_selectors_at_each_node() {
    // Deviations 1 and 2 (its suite: "descendant segment, multiple selectors", on maps and lists).
    let value = json!([{"a": "b", "d": "e"}, {"a": "c", "d": "f"}]);
    assert_eq!(select("$..['a','d']", &value), json!(["b", "e", "c", "f"]));
    let value = json!({"o": [{"a": 1, "d": {"a": 2, "d": 3}}]});
    assert_eq!(select("$..['a','d']", &value), json!([1, {"a": 2, "d": 3}, 2, 3]));
    assert_eq!(select("$..[1,0]", &json!([[1, 2], [3, 4]])), json!([[3, 4], [1, 2], 2, 1, 4, 3]));
}

#[test]
fn a_filter_inside_a_filter_is_refused() {
    // Deviation 3: it selects wrongly.
    assert!(refusal("$[?@[?@>1]]").contains("a filter stands inside a filter"));
    assert!(refusal("$[?count(@[?@.a]) > 1]").contains("a filter stands inside a filter"));
    assert!(Path::compile("$[?@.a][?@.b]").is_ok());
}

#[test]
fn ill_typed_calls_are_refused() {
    // Deviations 4 to 9: it accepts these, RFC 9535 (2.4.3) does not.
    for (path, reason) in [
        ("$[?length(@.*) < 3]", "length() takes one value"),
        ("$[?length(@.a)]", "length() gives a value, which must be compared"),
        ("$[?count(@.*)]", "count() gives a value, which must be compared"),
        ("$[?value(@.a)]", "value() gives a value, which must be compared"),
        ("$[?value('a') == 'a']", "value() takes a query"),
        ("$[?match(@.a, 'a.*') == true]", ""),
        ("$[?search(@.a, 'a.*') == true]", ""),
        ("$[?match(@.*, 'a')]", "match() takes one value"),
        ("$[?search(@..a, 'a')]", "search() takes one value"),
        ("$[?length(match(@.a, 'a')) == 1]", "match() is true or false"),
        ("$[?count(1) > 1]", ""),
        ("$[?count(length(@.a)) > 1]", "count() takes a query"),
        ("$[?length(@.a == 1) > 1]", ""),
        ("$[?in(@.a, $.b)]", ""),
        ("$[?none_of(@.a, $.b)]", ""),
    ] {
        let message = refusal(path);
        assert!(message.contains(reason), "{path}: {message}");
    }
}

#[test]
fn patterns_are_written_out_and_compile_once() {
    assert!(refusal("$[?match(@.a, @.b)]").contains("written out"));
    assert!(refusal("$[?search(@.a, $.p)]").contains("written out"));
    assert!(refusal("$[?match(@.a, '(')]").contains("not a regular expression"));
    assert!(refusal("$[?match(@.a, 'a{1000}{1000}')]").contains("pattern"));
    assert_eq!(select("$[?match(@, 'a|b')]", &json!(["a", "b", "ab"])), json!(["a", "b"]));
    assert_eq!(select("$[?search(@, '[.]')]", &json!(["a.c", "abc"])), json!(["a.c"]));
}

#[test]
fn says_what_does_not_compile() {
    for (path, start, reason) in [
        ("", 0, "begins with \"$\""),
        ("items", 0, "begins with \"$\""),
        ("$.a[", 3, "not JSONPath"),
        ("$.a b", 4, "a name with a space"),
        ("$. a", 1, "a name with a space"),
        ("$[?@.a b == 1]", 7, "a name with a space"),
        ("$.a ü", 4, "a name with a space"),
        ("$.é[ü", 4, "not JSONPath"),
    ] {
        let error = Path::compile(path).expect_err(path);
        assert!(error.message.contains(reason), "{path}: {}", error.message);
        assert!(error.start >= start.min(path.len()), "{path}: {error:?}");
        assert!(path.get(error.start..error.end).is_some(), "{path}: {error:?}");
    }
    assert!(refusal("$..*..*..*").contains("at most 2"));
    assert!(refusal(&format!("${}", "[*,*]".repeat(7))).contains("too many selectors"));
    assert!(refusal("$[?$..a]").contains("names one node"));
    assert!(refusal(&format!("${}", "[?".repeat(900))).contains("JSONPath"));
}

// === against the original, where it follows the RFC ===

fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        (-3i64..4).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abd]", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn never_panics(path in "(\\$|\\.|\\[|\\]|\\?|@|\\*|'a'|a|1|-|:|,|\\(|\\)|==|<|&&|!|match|length|ü|\\PC){0,16}") {
        if let Ok(compiled) = Path::compile(&format!("${path}")) {
            let _ = compiled.select(&json!({"a": [1, {"a": "x"}]}));
        }
        let _ = Path::compile(&path);
    }

    #[test]
    fn selects_what_the_original_selects(document in documents()) {
        use jsonpath_rust::JsonPath;
        for path in [
            "$[*]", "$.a", "$.a[*]", "$[0]", "$[-1]", "$[1:]", "$[::-1]", "$[0:2]", "$..a", "$..[0]",
            "$[?@.a]", "$[?@.a == 1]", "$[?@ > 0]", "$[?@ != 'a']", "$[?!@.a && @.b]",
            "$[?@.a < @.b]", "$[?match(@, 'a.?')]", "$[?length(@) >= 1]", "$[?count(@.*) == 1]",
        ] {
            let original: Vec<Value> =
                document.query(path).unwrap().into_iter().cloned().collect();
            let ours = match (Path::compile(path).unwrap(), original.as_slice()) {
                (path, [only]) if path.is_singular() => {
                    prop_assert_eq!(&path.select(&document), only);
                    continue;
                }
                (path, _) if path.is_singular() => {
                    prop_assert_eq!(path.select(&document), Value::Null);
                    continue;
                }
                (path, _) => path.select(&document),
            };
            prop_assert_eq!(ours, Value::from(original), "{}", path);
        }
    }
}
