//! Which address is for what.

use crate::entra::{flow, graph, oauth::Version, open_id::Endpoint};

/// What a path leads to.
pub(super) enum Place<'r> {
    /// `/`
    Root,
    /// `/{tenant}` or `/{tenant}/`: the application's door.
    Door(&'r str),
    /// `/{tenant}/login`: where the door's form goes, and deep links with `login_hint`.
    Login(&'r str),
    /// `/{tenant}/oauth2/v2.0/authorize`, and for v1 `/{tenant}/oauth2/authorize`: where applications
    /// send browsers.
    Authorize(&'r str, Version),
    /// `/{tenant}/oauth2/v2.0/logout`, and for v1 `/{tenant}/oauth2/logout`.
    SignOut(&'r str),
    /// `/{tenant}/saml2`: where applications by SAML send browsers.
    Saml2(&'r str),
    /// `/{tenant}/federationmetadata/2007-06/federationmetadata.xml`, in any case.
    FederationMetadata(&'r str),
    /// `/api/signin/{appid}`: an application's user access URL.
    UserAccess(&'r str),
    /// `/devicelogin`: where people type the code that a device shows.
    DeviceLogin,
    /// `/login.srf`: where browsers bring answers.
    LoginSrf,
    /// `/federationmetadata/saml20/federationmetadata.xml`: Entra as a service provider.
    Metadata,
    /// Where applications ask without a browser.
    Application(Endpoint<'r>),
    /// Where people look at what happened in a sign-in.
    Flows(flow::pages::Place<'r>),
    /// Where administrators read and change tenants.
    Graph(graph::Call<'r>),
    /// Nothing is there.
    Nowhere,
}

/// Behind the tenant.
const FEDERATION_METADATA: &str = "federationmetadata/2007-06/federationmetadata.xml";

impl Place<'_> {
    pub(super) fn of(path: &str) -> Place<'_> {
        let path = path.strip_prefix('/').unwrap_or(path);
        if let Some(endpoint) = Endpoint::of(path) {
            return Place::Application(endpoint);
        }
        if let Some(place) = flow::pages::Place::of(path) {
            return Place::Flows(place);
        }
        if let Some(call) = graph::Call::of(path) {
            return Place::Graph(call);
        }
        match path.split_once('/') {
            None if path.is_empty() => Place::Root,
            None if path == "login.srf" => Place::LoginSrf,
            Some(("federationmetadata", "saml20/federationmetadata.xml")) => Place::Metadata,
            None if path == "devicelogin" => Place::DeviceLogin,
            None | Some((_, "")) => Place::Door(path.trim_end_matches('/')),
            Some((tenant, "login")) => Place::Login(tenant),
            Some((tenant, "saml2")) => Place::Saml2(tenant),
            Some((tenant, rest)) if rest.eq_ignore_ascii_case(FEDERATION_METADATA) => {
                Place::FederationMetadata(tenant)
            }
            Some(("api", rest)) => match rest.strip_prefix("signin/") {
                Some(app_id) => Place::UserAccess(app_id),
                None => Place::Nowhere,
            },
            Some((tenant, "oauth2/v2.0/logout" | "oauth2/logout")) => Place::SignOut(tenant),
            Some((tenant, "oauth2/v2.0/authorize")) => Place::Authorize(tenant, Version::V2),
            Some((tenant, "oauth2/authorize")) => Place::Authorize(tenant, Version::V1),
            Some(_) => Place::Nowhere,
        }
    }
}
