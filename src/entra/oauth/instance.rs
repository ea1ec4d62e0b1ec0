use hyper::StatusCode;
use serde_json::json;
use time::OffsetDateTime;

use super::request::{missing, unreadable};
use crate::{
    entra::{ApplicationCode, Refusal, Simulator, begin, open_id::document},
    http::{Request, Response},
};

impl Simulator {
    /// Whether an authority is to be trusted, which MSAL asks before it does, and where its discovery
    /// document is.
    pub(in crate::entra) fn instance(&self, request: &Request, now: OffsetDateTime) -> Response {
        let segment = match self.authority_asked_for(request) {
            Ok(segment) => segment,
            Err(refusal) => return self.refuse_application(&refusal, now),
        };
        let base = self.base_url();
        let host = base.split_once("://").map_or(base, |(_, host)| host);
        document(
            StatusCode::OK,
            &json!({
                "tenant_discovery_endpoint":
                    format!("{base}/{segment}/v2.0/.well-known/openid-configuration"),
                "api-version": "1.1",
                "metadata": [{
                    "preferred_network": host,
                    "preferred_cache": host,
                    "aliases": [host],
                }],
            }),
        )
    }

    /// The first segment of an authority of ours.
    fn authority_asked_for(&self, request: &Request) -> Result<String, Refusal> {
        let query = request.query().map_err(unreadable)?;
        let asked = query.single("authorization_endpoint").map_err(unreadable)?;
        let asked = asked.ok_or_else(|| missing("authorization_endpoint"))?;
        // MSAL for Python leaves the port out, since Entra has none.
        let base = self.base_url();
        let path = asked
            .strip_prefix(base)
            .or_else(|| asked.strip_prefix(without_port(base)));
        let named = path.and_then(|path| path.strip_prefix('/')?.split_once('/'));
        if let Some((segment, "oauth2/v2.0/authorize" | "oauth2/authorize")) = named {
            begin::address(&self.tenants(), segment)?;
            return Ok(segment.to_owned());
        }
        let shown: String = asked.chars().take(200).collect();
        Err(ApplicationCode::UnknownInstance
            .refuse(format!("{shown:?} is not an address of this simulator's.")))
    }
}

fn without_port(base: &str) -> &str {
    match base.rsplit_once(':') {
        Some((rest, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => base,
    }
}

#[cfg(test)]
#[path = "instance_tests.rs"]
mod tests;
