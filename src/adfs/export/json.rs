//! JSON, the form of `ConvertTo-Json`.

use super::{ExportError, Value};

/// The objects of a document: that of one, or those of a list.
pub(super) fn read(text: &str) -> Result<Vec<Value>, ExportError> {
    let json: serde_json::Value = serde_json::from_str(text)?;
    Ok(match value(json) {
        Value::List(items) => items,
        one => vec![one],
    })
}

fn value(json: serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Nothing,
        Json::Bool(bool) => Value::Bool(bool),
        Json::Number(number) => number
            .as_i64()
            .map_or_else(|| Value::Text(number.to_string()), Value::Int),
        Json::String(text) => Value::Text(text),
        Json::Array(items) => Value::List(items.into_iter().map(value).collect()),
        Json::Object(properties) => {
            // PowerShell wraps what it has decorated: { "value": [...], "Count": 2 }.
            let is_wrapped = properties.len() == 2 && properties.contains_key("Count");
            let mut properties = properties;
            if is_wrapped && let Some(inner) = properties.remove("value") {
                return value(inner);
            }
            let pairs = properties
                .into_iter()
                .map(|(name, json)| (name, value(json)));
            Value::Object(pairs.collect())
        }
    }
}
