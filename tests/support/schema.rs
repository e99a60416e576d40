//! Holds data to a schema.

/// Checks types, required keys, enumerations, and that no key is unknown: as much of JSON Schema as our schema uses.
pub fn conforms(value: &serde_json::Value, schema: &serde_json::Value, root: &serde_json::Value, path: &str) {
    use serde_json::Value;
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap_or_else(|| panic!("{path}: {reference}"));
        return conforms(value, target, root, path);
    }
    if let Some(allowed) = schema["enum"].as_array() {
        assert!(allowed.contains(value), "{path}: {value}");
    }
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        other => panic!("{path}: unexpected type {other}"),
    };
    match &schema["type"] {
        Value::String(name) => assert!(is(name), "{path}: {value} is no {name}"),
        Value::Array(names) => assert!(names.iter().any(|n| is(n.as_str().unwrap())), "{path}: {value}"),
        _ => assert!(schema["enum"].is_array() || schema["const"] == *value, "{path}: the schema says nothing"),
    }
    if let Some(items) = value.as_array() {
        for (i, item) in items.iter().enumerate() {
            conforms(item, &schema["items"], root, &format!("{path}[{i}]"));
        }
    }
    if let Some(fields) = value.as_object() {
        for required in schema["required"].as_array().into_iter().flatten() {
            assert!(fields.contains_key(required.as_str().unwrap()), "{path}: {required} is missing");
        }
        for (key, field) in fields {
            let inner = match schema["properties"].get(key) {
                Some(inner) => inner,
                None if schema["additionalProperties"].is_object() => &schema["additionalProperties"],
                None => panic!("{path}.{key} is not in the schema"),
            };
            conforms(field, inner, root, &format!("{path}.{key}"));
        }
    }
}
