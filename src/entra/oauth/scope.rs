use super::Version;
use crate::entra::{ApplicationCode, Refusal};

/// What an application asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // each is a word that is there or not
pub(super) struct Scope {
    /// Whether there is an ID token to it: `openid`.
    pub(super) open_id: bool,
    /// `profile`.
    pub(super) profile: bool,
    /// `email`.
    pub(super) email: bool,
    /// Whether there is a refresh token to it: `offline_access`.
    pub(super) offline: bool,
    /// Whose interface the access token is for; Microsoft Graph's where nobody is named.
    pub(super) resource: Option<String>,
    /// Its permissions, as they were asked for.
    pub(super) permissions: Vec<String>,
}

/// Microsoft Graph, as v1 and v2 name it.
const GRAPH: [&str; 2] = [
    "https://graph.microsoft.com",
    "00000003-0000-0000-c000-000000000000",
];

impl Scope {
    /// By v2, `scope`; by v1, `resource`.
    ///
    /// # Errors
    /// AADSTS900144 without a scope, and AADSTS70011 with permissions of two resources.
    pub(super) fn parse(
        version: Version,
        scope: Option<&str>,
        resource: Option<&str>,
    ) -> Result<Self, Refusal> {
        let mut asked = Self {
            open_id: version == Version::V1,
            profile: version == Version::V1,
            email: false,
            offline: version == Version::V1,
            resource: None,
            permissions: Vec::new(),
        };
        if version == Version::V1 {
            asked.resource = resource.and_then(another_than_graph);
            return Ok(asked);
        }
        let scope = scope.filter(|scope| !scope.trim().is_empty());
        let scope = scope.ok_or_else(|| ApplicationCode::missing("scope"))?;
        let mut resources = Vec::new();
        for word in scope.split_ascii_whitespace() {
            // Names of permissions are compared without regard to case.
            match word.to_ascii_lowercase().as_str() {
                "openid" => asked.open_id = true,
                "profile" => asked.profile = true,
                "email" => asked.email = true,
                "offline_access" => asked.offline = true,
                _ => {
                    let of = word.rsplit_once('/').map_or("", |(resource, _)| resource);
                    let of = another_than_graph(of);
                    if !resources.contains(&of) {
                        resources.push(of);
                    }
                    asked.permissions.push(word.to_owned());
                }
            }
        }
        if resources.len() > 1 {
            return Err(ApplicationCode::InvalidScope
                .refuse("A token is for one resource, and permissions of several are asked for."));
        }
        asked.resource = resources.pop().flatten();
        Ok(asked)
    }

    /// What was granted, as the token endpoint tells it.
    pub(super) fn granted(&self) -> String {
        let own = [
            (self.open_id, "openid"),
            (self.profile, "profile"),
            (self.email, "email"),
        ];
        let own = own.iter().filter(|(asked, _)| *asked).map(|(_, it)| *it);
        let granted: Vec<&str> = own
            .chain(self.permissions.iter().map(String::as_str))
            .collect();
        granted.join(" ")
    }

    /// `scp` of the access token: the permissions without their resource.
    pub(super) fn names(&self) -> String {
        let names = self.permissions.iter().map(|permission| {
            permission
                .rsplit_once('/')
                .map_or(permission.as_str(), |(_, name)| name)
        });
        let names: Vec<&str> = names.collect();
        if names.is_empty() {
            return "openid profile".to_owned();
        }
        names.join(" ")
    }
}

fn another_than_graph(resource: &str) -> Option<String> {
    let resource = resource.trim_end_matches('/');
    let graph = resource.is_empty() || GRAPH.contains(&resource);
    (!graph).then(|| resource.to_owned())
}
