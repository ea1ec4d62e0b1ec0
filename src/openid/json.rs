use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::Value;

/// A JSON object whose members stand once each, so that no two readers can see two values in it
/// (RFC 8259 4). `null` counts as absent.
#[derive(Clone, Default, PartialEq)]
pub struct Object(BTreeMap<String, Value>);

/// Why JSON says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// No JSON object, or one with a member that stands twice.
    #[error("it is no JSON object with members that stand once each")]
    NoObject,
    /// A member is of another type than it must be.
    #[error("{0:?} is not of its type")]
    Type(&'static str),
    /// A member that must be there is not.
    #[error("{0:?} is missing")]
    Missing(&'static str),
}

impl Object {
    /// Reads octets that are one object and nothing behind it.
    ///
    /// # Errors
    /// [`JsonError::NoObject`].
    pub fn read(octets: &[u8]) -> Result<Self, JsonError> {
        // serde_json bounds the depth itself.
        serde_json::from_slice(octets).map_err(|_| JsonError::NoObject)
    }

    /// A text, if it is there.
    ///
    /// # Errors
    /// [`JsonError::Type`].
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, JsonError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(JsonError::Type(name)),
        }
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// [`JsonError::Type`], [`JsonError::Missing`].
    pub fn required_text(&self, name: &'static str) -> Result<&str, JsonError> {
        self.text(name)?.ok_or(JsonError::Missing(name))
    }

    /// A list of texts, if it is there.
    ///
    /// # Errors
    /// [`JsonError::Type`].
    pub fn texts(&self, name: &'static str) -> Result<Option<Vec<&str>>, JsonError> {
        let texts = match self.get(name) {
            None => return Ok(None),
            Some(Value::Array(values)) => values.iter().map(Value::as_str).collect(),
            Some(_) => None,
        };
        texts.map(Some).ok_or(JsonError::Type(name))
    }

    /// A truth value; false where it is absent.
    ///
    /// # Errors
    /// [`JsonError::Type`].
    pub fn truth(&self, name: &'static str) -> Result<bool, JsonError> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(truth)) => Ok(*truth),
            Some(_) => Err(JsonError::Type(name)),
        }
    }

    /// An instant (`NumericDate`, RFC 7519 2) in seconds since 1970, parts of a second cut off.
    ///
    /// # Errors
    /// [`JsonError::Type`].
    pub fn instant(&self, name: &'static str) -> Result<Option<i64>, JsonError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let whole = value.as_i64().or_else(|| value.as_f64().and_then(cut));
        let sound = whole.filter(|seconds| (0..=LAST_INSTANT).contains(seconds));
        sound.map(Some).ok_or(JsonError::Type(name))
    }

    /// A member whose name is not known before, as it stands.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }
}

/// The end of the year 9999.
const LAST_INSTANT: i64 = 253_402_300_799;

fn cut(seconds: f64) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // both are meant
    (seconds >= 0.0 && seconds <= LAST_INSTANT as f64).then_some(seconds as i64)
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a member stands twice"));
                    }
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl fmt::Debug for Object {
    /// Names only: the values are of a person, or secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Object, JsonError> {
        Object::read(text.as_bytes())
    }

    #[test]
    fn members_stand_once_each() {
        for refused in [
            r#"{"iss":"a","iss":"b"}"#,
            r#"{"iss":"a","\u0069ss":"b"}"#,
            r#"{"a":1} {"#,
            "[]",
            "",
            r#""text""#,
            r#"{"a":"#,
        ] {
            assert_eq!(read(refused), Err(JsonError::NoObject), "{refused}");
        }
        assert!(read(r#"{"a":1,"b":2} "#).is_ok());
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(1000), "]".repeat(1000));
        assert_eq!(read(&deep), Err(JsonError::NoObject));
    }

    #[test]
    fn members_have_their_type_or_are_refused() {
        let object = read(
            r#"{"t":"x","n":1700000000,"f":1700000000.9,"b":true,"l":["a"],"z":null,
                "huge":1e300,"neg":-1,"mixed":["a",1]}"#,
        )
        .unwrap();
        assert_eq!(object.text("t"), Ok(Some("x")));
        assert_eq!(object.text("z"), Ok(None));
        assert_eq!(object.text("n"), Err(JsonError::Type("n")));
        assert_eq!(object.required_text("z"), Err(JsonError::Missing("z")));
        assert_eq!(object.instant("n"), Ok(Some(1_700_000_000)));
        assert_eq!(object.instant("f"), Ok(Some(1_700_000_000)));
        assert_eq!(object.instant("z"), Ok(None));
        for wrong in ["huge", "neg", "t"] {
            assert_eq!(object.instant(wrong), Err(JsonError::Type(wrong)));
        }
        assert_eq!(object.truth("b"), Ok(true));
        assert_eq!(object.truth("z"), Ok(false));
        assert_eq!(object.truth("t"), Err(JsonError::Type("t")));
        assert_eq!(object.texts("l"), Ok(Some(vec!["a"])));
        assert_eq!(object.texts("mixed"), Err(JsonError::Type("mixed")));
        assert_eq!(object.texts("t"), Err(JsonError::Type("t")));
    }

    #[test]
    fn debug_tells_no_values() {
        let object = read(r#"{"email":"wendy"}"#).unwrap();
        assert_eq!(format!("{object:?}"), r#"{"email"}"#);
    }
}
