//! An HTTP request as it is kept: what a secret could be is left out before anything is kept of it.

use std::fmt::Write as _;

use serde::Serialize;

use crate::entra::query::percent_decode;

/// The parameters whose values are kept. Whatever else comes may be a password, a code or a token.
const KEPT: &[&str] = &[
    "SAMLRequest",
    "SAMLResponse",
    "RelayState",
    "SigAlg",
    "Signature",
    "wa",
    "wtrealm",
    "wctx",
    "wreply",
    "wresult",
    "wfresh",
    "wauth",
    "whr",
    "login_hint",
    "domain_hint",
    "username",
    "client-request-id",
    "cbcxt",
    "mkt",
    "lc",
    "prompt",
    "max_age",
    "acr_values",
    "client_id",
    "response_type",
    "response_mode",
    "redirect_uri",
    "scope",
    "resource",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "grant_type",
    "assertion",
    "api-version",
];

/// Values longer than this are not kept, in octets.
const LONGEST: usize = 512 * 1024;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HttpRequest {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The address, without what may be secret in its query.
    pub url: String,
    /// The fields of the form that is posted.
    pub fields: Vec<Field>,
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its value, decoded.
    #[serde(flatten)]
    pub value: Value,
}

/// The value of a field, or why it is not here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// As it was.
    Value(String),
    /// It may be a secret, or it is too long.
    NotKept(&'static str),
}

impl HttpRequest {
    /// The browser, or whoever it is, goes to an address.
    pub fn get(url: &str) -> Self {
        Self {
            method: "GET",
            url: without_secrets(url),
            fields: Vec::new(),
        }
    }

    /// It posts a form there.
    pub fn post<'f>(url: &str, fields: impl IntoIterator<Item = (&'f str, &'f str)>) -> Self {
        Self {
            method: "POST",
            url: without_secrets(url),
            fields: fields
                .into_iter()
                .map(|(name, value)| Field {
                    name: name.to_owned(),
                    value: keep(name, value),
                })
                .collect(),
        }
    }

    /// The same without the values of these fields, which hold a secret this time.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        for field in &mut self.fields {
            if names.contains(&field.name.as_str()) {
                field.value = Value::NotKept("may be secret");
            }
        }
        self
    }

    /// The command that sends it again, for a POSIX shell. Nothing in it needs quoting but by the
    /// quotes that are there: all that is not plain ASCII is percent-encoded.
    pub fn curl(&self) -> String {
        let mut command = format!("curl --include '{}'", plain(&self.url));
        for Field { name, value } in &self.fields {
            let encode = |text: &str| -> String {
                form_urlencoded::byte_serialize(text.as_bytes()).collect()
            };
            let value = match value {
                Value::Value(value) => encode(value),
                Value::NotKept(_) => "NOT-KEPT".to_owned(),
            };
            // Writing to a String cannot fail.
            let _ = write!(command, " \\\n  --data '{}={value}'", encode(name));
        }
        command
    }

    /// The parameters of the address, decoded.
    pub fn query(&self) -> Vec<Field> {
        let (_, query) = self.url.split_once('?').unwrap_or_default();
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let decoded = percent_decode(&value.replace('+', " "));
                Field {
                    name: name.to_owned(),
                    value: match value {
                        "NOT-KEPT" => Value::NotKept("may be secret"),
                        _ => Value::Value(decoded.unwrap_or_else(|| value.to_owned())),
                    },
                }
            })
            .collect()
    }
}

fn keep(name: &str, value: &str) -> Value {
    if !KEPT.contains(&name) {
        Value::NotKept("may be secret")
    } else if value.len() > LONGEST {
        Value::NotKept("too long")
    } else {
        Value::Value(value.to_owned())
    }
}

fn without_secrets(url: &str) -> String {
    let (address, query) = match url.split_once('?') {
        Some((address, query)) => (address, query),
        None => (url, ""),
    };
    let mut kept = address.to_owned();
    for (number, pair) in query.split('&').filter(|it| !it.is_empty()).enumerate() {
        kept.push(if number == 0 { '?' } else { '&' });
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = percent_decode(&name.replace('+', " ")).unwrap_or_default();
        kept.push_str(name);
        kept.push('=');
        kept.push_str(match keep(&decoded, value) {
            Value::Value(_) => value,
            Value::NotKept(_) => "NOT-KEPT",
        });
    }
    kept
}

/// An address within single quotes.
fn plain(url: &str) -> String {
    let mut text = String::with_capacity(url.len());
    for byte in url.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'\'' | b'\\') {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_not_kept() {
        let request = HttpRequest::post(
            "https://entra.example/token?code=s3cret&login_hint=a%40b&p%61ssword=s3cret&x",
            [
                ("grant_type", "password"),
                ("password", "s3cret"),
                ("code", "s3cret"),
                ("client_secret", "s3cret"),
                ("refresh_token", "s3cret"),
            ],
        );
        let all = format!(
            "{request:?}{}{}",
            request.curl(),
            serde_json::to_string(&request).unwrap()
        );
        assert!(!all.contains("s3cret"), "{all}");
        assert!(all.contains("login_hint=a%40b"), "{all}");
        let without = HttpRequest::post("https://x", [("wresult", "s3cret")]).without(&["wresult"]);
        assert!(!without.curl().contains("s3cret"));
    }

    #[test]
    fn a_command_holds_nothing_that_a_shell_would_read() {
        let hostile = "a'; touch /tmp/x; '$(id)`id`\\\n\u{202e}&b=c";
        let request = HttpRequest::post(
            &format!("https://idp.example/?RelayState={hostile}"),
            [("RelayState", hostile)],
        );
        let command = request.curl();
        let quotes = command.matches('\'').count();
        assert_eq!(
            quotes, 4,
            "two for the address, two for the field: {command}"
        );
        assert!(command.is_ascii());
        assert!(command.ends_with(
            "--data 'RelayState=a%27%3B+touch+%2Ftmp%2Fx%3B+%27%24%28id%29%60id%60%5C%0A%E2%80%AE\
             %26b%3Dc'"
        ));
    }

    #[test]
    fn what_is_too_long_is_not_kept() {
        let long = "x".repeat(LONGEST + 1);
        let request = HttpRequest::post("https://x", [("wctx", long.as_str())]);
        assert_eq!(request.fields[0].value, Value::NotKept("too long"));
    }
}
