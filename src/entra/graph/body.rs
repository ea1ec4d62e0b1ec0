use hyper::header::CONTENT_TYPE;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{GraphError, plain};
use crate::http::Request;

/// The properties in a request's body.
#[derive(Debug, Default)]
pub(super) struct Body {
    properties: Map<String, Value>,
    reference: Option<String>,
}

impl Body {
    /// The one JSON object in the body, without `OData`'s annotations.
    pub(super) fn of(request: &Request) -> Result<Self, GraphError> {
        let media_type = request.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(GraphError::MediaType);
        }
        let mut properties: Map<String, Value> =
            serde_json::from_slice(&request.body).map_err(|error| {
                GraphError::bad_request(format!("The body is not a JSON object: {error}."))
            })?;
        let reference = properties.get("@odata.id").and_then(Value::as_str);
        let reference = reference.map(str::to_owned);
        properties.retain(|name, _| !name.starts_with("@odata."));
        Ok(Self {
            properties,
            reference,
        })
    }

    /// The same where Graph wants no body, but the content type still keeps other sites' pages out.
    pub(super) fn of_json_or_nothing(request: &Request) -> Result<Self, GraphError> {
        match Self::of(request) {
            Err(GraphError::BadRequest(_)) if request.body.is_empty() => Ok(Self::default()),
            other => other,
        }
    }

    /// The id at the end of the address that `@odata.id` refers to.
    pub(super) fn referred_id(&self) -> Option<&str> {
        self.reference.as_deref()?.rsplit('/').next()
    }

    /// Takes a property out.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.properties.remove(name)
    }

    /// Whether it sets a property.
    pub(super) fn has(&self, name: &str) -> bool {
        self.properties.contains_key(name)
    }

    /// Sets a property that is not there.
    pub(super) fn default_to(&mut self, name: &str, value: Value) {
        self.properties.entry(name).or_insert(value);
    }

    /// Takes a property out that is a text.
    pub(super) fn take_text(&mut self, name: &str) -> Result<Option<String>, GraphError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(GraphError::bad_request(format!("{name} is not a text."))),
        }
    }

    /// Refuses properties that nothing was made of.
    pub(super) fn ends(&self) -> Result<(), GraphError> {
        match self.properties.keys().next() {
            None => Ok(()),
            Some(name) => Err(GraphError::bad_request(format!(
                "The property {name} cannot be set here."
            ))),
        }
    }

    /// What the body says alone.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, GraphError> {
        serde_json::from_value(Value::Object(self.properties)).map_err(|error| wrong(&error))
    }

    /// What there is, with the body's properties in place of its own.
    pub(super) fn onto<T: Serialize + DeserializeOwned>(
        self,
        current: &T,
    ) -> Result<T, GraphError> {
        let Value::Object(mut properties) = plain(current) else {
            return Err(GraphError::bad_request("Nothing can be changed here."));
        };
        properties.extend(self.properties);
        serde_json::from_value(Value::Object(properties)).map_err(|error| wrong(&error))
    }
}

fn wrong(error: &serde_json::Error) -> GraphError {
    GraphError::bad_request(format!("Invalid value specified: {error}."))
}
