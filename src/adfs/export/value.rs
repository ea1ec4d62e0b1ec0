//! What both forms of an export come to: values as PowerShell has them.

use std::collections::BTreeMap;

/// A value of PowerShell, as far as a trust has any.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::adfs) enum Value {
    Nothing,
    Bool(bool),
    Int(i64),
    Text(String),
    Octets(Vec<u8>),
    List(Vec<Value>),
    Object(BTreeMap<String, Value>),
}

impl Value {
    /// The property of an object; nothing where it has none.
    pub(in crate::adfs) fn property(&self, name: &str) -> &Value {
        match self {
            Self::Object(properties) => properties.get(name).unwrap_or(&Self::Nothing),
            _ => &Self::Nothing,
        }
    }

    /// The items of a list. PowerShell unrolls lists of one, so a value is a list of itself, and
    /// nothing is an empty one.
    pub(in crate::adfs) fn items(&self) -> &[Value] {
        match self {
            Self::Nothing => &[],
            Self::List(items) => items,
            one => std::slice::from_ref(one),
        }
    }

    pub(in crate::adfs) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The octets of a byte array; JSON writes them as a list of numbers.
    pub(in crate::adfs) fn to_octets(&self) -> Option<Vec<u8>> {
        match self {
            Self::Octets(octets) => Some(octets.clone()),
            Self::List(items) => items
                .iter()
                .map(|item| match item {
                    Self::Int(number) => u8::try_from(*number).ok(),
                    _ => None,
                })
                .collect(),
            _ => None,
        }
    }

    /// Every text in it, however deep.
    pub(in crate::adfs) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Text(text) => vec![text],
            Self::List(items) => items.iter().flat_map(Self::texts).collect(),
            Self::Object(properties) => properties.values().flat_map(Self::texts).collect(),
            _ => Vec::new(),
        }
    }
}
